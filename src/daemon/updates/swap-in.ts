import { setTimeout as delay } from 'node:timers/promises';
import type { ModelConfig, ShadowConfig } from '../../config/types.ts';
import { faultPoint } from '../../fault-point.ts';
import type { ModelHost } from '../../models/host.ts';
import type { BundleFile, InstanceGroup } from '../../models/instance-group.ts';
import type { ModelRef } from '../../models/model.ts';
import { type Observer, runShadow, type ShadowReport } from '../../models/trial/shadow.ts';
import type { Vitals } from '../../models/trial/vitals.ts';

export interface SwapInOptions {
  readonly host: ModelHost;
  readonly mode: ModelConfig['swap'];
  readonly bundle: BundleFile;
  /** Without it, or where there is no room for two versions, there is no shadow run. */
  readonly shadow?: ShadowConfig;
  /** Writes down that the version is the active one. If it throws, the version before stays. */
  readonly commit: (next: ModelRef) => Promise<void>;
  readonly onPhase: (phase: 'proving' | 'shadow' | 'swapping', share?: number) => void;
  readonly onDisagreement?: Observer | undefined;
  readonly signal: AbortSignal;
}

export interface SwappedIn {
  readonly ref: ModelRef;
  /** How the version before did. */
  readonly before: Vitals | undefined;
  readonly shadow?: ShadowReport;
}

const restoreTries = 3;
const restorePauseMs = 1_000;

/**
 * Proves a version, tries it in the shadow of the one in charge where that is asked for, writes it down and puts
 * it in charge. A failure before the last of these leaves everything as it was.
 * @throws what `ModelHost.prepare`, `runShadow` and `commit` throw.
 */
export async function swapIn(options: SwapInOptions): Promise<SwappedIn> {
  const { host, mode, bundle, commit, onPhase, signal } = options;
  const before = host.vitals;
  const old = host.bundle;
  const replaced = mode === 'replace' && old !== undefined;
  onPhase('proving');
  if (replaced) await host.suspend();
  let next: InstanceGroup | undefined;
  try {
    next = await host.prepare(bundle, signal);
    faultPoint('version-proved');
    const shadow = replaced || !before ? undefined : await tryInShadow(next, options);
    signal.throwIfAborted();
    onPhase('swapping');
    const { ref } = next.loaded;
    await commit(ref);
    await host.swap(next);
    return { ref, before, ...(shadow ? { shadow } : {}) };
  } catch (error) {
    await next?.destroy();
    if (replaced && !signal.aborted) await restore(host, old, signal);
    throw error;
  }
}

async function tryInShadow(
  candidate: InstanceGroup,
  { host, shadow, onPhase, onDisagreement, signal }: SwapInOptions,
): Promise<ShadowReport | undefined> {
  if (!shadow || shadow.frames === 0) return undefined;
  onPhase('shadow', 0);
  return runShadow({
    candidate,
    observe: (observer) => host.observe(observer),
    settings: shadow,
    signal,
    onProgress: (frames) => onPhase('shadow', frames / shadow.frames),
    onDisagreement,
  });
}

/** The version before worked a moment ago: what keeps it from starting again, memory as a rule, may pass. */
async function restore(host: ModelHost, old: BundleFile, signal: AbortSignal): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return await host.swap(await host.prepare(old, signal));
    } catch (error) {
      if (tries === restoreTries || signal.aborted) throw error;
      await delay(restorePauseMs, undefined, { signal, ref: false });
    }
  }
}
