import compareBuild from 'semver/functions/compare-build.js';
import type { Manifest } from '../../models/manifest.ts';
import type { ModelRef } from '../../models/model.ts';
import type { Pointers } from '../../models/store/pointers.ts';
import type { Release } from '../../models/update/index.ts';

/** What an update is doing. */
type Phase = 'scheduled' | 'fetching' | 'proving' | 'shadow' | 'swapping' | 'probation';

export interface Progress {
  readonly phase: Phase;
  readonly version?: string;
  /** In [0, 1]. */
  readonly share?: number;
}

/** Home Assistant takes no longer one. */
const maxSummary = 255;

/** What is retained of a model: as the `update` entity of Home Assistant reads it, and a little more. */
export function modelState(options: {
  readonly name: string;
  readonly ref: ModelRef | undefined;
  readonly manifest: Manifest | undefined;
  readonly latest: Release | undefined;
  readonly progress: Progress | undefined;
  readonly pointers: Pointers;
}): Readonly<Record<string, unknown>> {
  const { name, ref, manifest, progress, pointers } = options;
  const latest = newer(options);
  const installing = progress !== undefined && !['scheduled', 'probation'].includes(progress.phase);
  const { previous, pinned } = pointers;
  return {
    installed_version: ref?.version ?? null,
    latest_version: latest?.version ?? ref?.version ?? null,
    title: manifest?.description ?? ref?.name ?? name,
    release_summary: latest ? summaryOf(latest, manifest) : '',
    in_progress: installing,
    update_percentage: installing && progress.share !== undefined ? Math.round(progress.share * 100) : null,
    ...(ref ? { digest: ref.digest } : {}),
    phase: progress?.phase ?? 'idle',
    previous_version: previous?.version ?? null,
    pinned: pinned !== undefined,
  };
}

/** What is offered, unless it runs already or is not taken again. */
function newer({
  latest,
  ref,
  pointers,
}: {
  latest: Release | undefined;
  ref: ModelRef | undefined;
  pointers: Pointers;
}): Release | undefined {
  if (!latest || pointers.refused.some(({ digest }) => digest === latest.digest)) return undefined;
  return ref && compareBuild(latest.version, ref.version) <= 0 ? undefined : latest;
}

/** How much better it is, then what its makers say. */
function summaryOf({ accuracy, notes = '' }: Release, manifest: Manifest | undefined): string {
  const text = [accuracy && accuracyText(accuracy, manifest?.accuracy), notes].filter(Boolean).join(' ');
  return text.length <= maxSummary ? text : `${text.slice(0, maxSummary - 1)}…`;
}

function accuracyText(next: NonNullable<Release['accuracy']>, now: Manifest['accuracy']): string {
  const value = measured(next);
  const comparable = now !== undefined && now.metric === next.metric && now.dataset === next.dataset;
  if (!comparable) return `${next.metric} ${percent(value)} on ${next.dataset}.`;
  const points = (value - measured(now)) * 100;
  const sign = points < 0 ? '−' : '+';
  return `${next.metric} ${percent(measured(now))} → ${percent(value)} (${sign}${Math.abs(points).toFixed(2)} points) on ${next.dataset}.`;
}

function measured({ float, quantized }: { float: number; quantized?: number | undefined }): number {
  return quantized ?? float;
}

function percent(value: number): string {
  return `${(value * 100).toFixed(2)} %`;
}
