import validVersion from 'semver/functions/valid.js';
import { targetPathOf, versionOf } from './layout.ts';

export type Channel = 'stable' | 'beta';

/** A version of a model as its release was signed. */
export interface Release {
  readonly model: string;
  readonly version: string;
  /** `sha256:…` of the bundle. */
  readonly digest: string;
  /** Size of the bundle. */
  readonly bytes: number;
  readonly channel: Channel;
  /** For people, at most 2,000 characters. */
  readonly notes?: string;
  readonly accuracy?: Accuracy;
  /** The least version of edgeward that can run it. */
  readonly minEdgeward?: string;
}

interface Accuracy {
  readonly metric: string;
  readonly dataset: string;
  readonly float: number;
  readonly quantized?: number;
}

/** A target file as TUF signs it. */
export interface Target {
  readonly path: string;
  readonly length: number;
  readonly hashes: Readonly<Record<string, string>>;
  readonly custom: Readonly<Record<string, unknown>>;
}

/** As a target of TUF. Canonical JSON has no fractions, so measures are decimal text. */
export function targetOf(release: Release): Target {
  const { model, version, digest, bytes, channel, notes, accuracy, minEdgeward } = release;
  return {
    path: targetPathOf(model, version),
    length: bytes,
    hashes: { sha256: digest.slice('sha256:'.length) },
    custom: {
      channel,
      ...(notes === undefined ? {} : { notes }),
      ...(minEdgeward === undefined ? {} : { minEdgeward }),
      ...(accuracy === undefined
        ? {}
        : {
            accuracy: {
              metric: accuracy.metric,
              dataset: accuracy.dataset,
              float: String(accuracy.float),
              ...(accuracy.quantized === undefined ? {} : { quantized: String(accuracy.quantized) }),
            },
          }),
    },
  };
}

/**
 * The release that a target is, or undefined if it is none of `model`: another file, or one whose signed words
 * this edgeward cannot read. What is unknown in `custom` is ignored: a release pulls nothing else in.
 */
export function releaseOf(model: string, target: Target): Release | undefined {
  const version = versionOf(model, target.path);
  const { sha256 } = target.hashes;
  const { channel, notes, minEdgeward } = target.custom;
  if (version === undefined || sha256 === undefined || !/^[0-9a-f]{64}$/.test(sha256)) return undefined;
  if (!Number.isSafeInteger(target.length)) return undefined;
  if (channel !== 'stable' && channel !== 'beta') return undefined;
  if (minEdgeward !== undefined && (typeof minEdgeward !== 'string' || validVersion(minEdgeward) === null)) {
    return undefined;
  }
  const accuracy = accuracyOf(target.custom.accuracy);
  return Object.freeze({
    model,
    version,
    digest: `sha256:${sha256}`,
    bytes: target.length,
    channel,
    ...(typeof notes === 'string' ? { notes: notes.slice(0, 2000) } : {}),
    ...(minEdgeward === undefined ? {} : { minEdgeward }),
    ...(accuracy === undefined ? {} : { accuracy }),
  });
}

function accuracyOf(value: unknown): Accuracy | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { metric, dataset, float, quantized }: Partial<Record<string, unknown>> = { ...value };
  if (typeof metric !== 'string' || typeof dataset !== 'string') return undefined;
  const measures = {
    float: Number(float),
    ...(quantized === undefined ? {} : { quantized: Number(quantized) }),
  };
  return Object.values(measures).every(Number.isFinite) ? { metric, dataset, ...measures } : undefined;
}
