import { setTimeout as delay } from 'node:timers/promises';
import type { ProbationConfig } from '../../config/types.ts';
import { GatewayError } from '../../errors.ts';
import type { Vitals } from './vitals.ts';

const lookEveryMs = 200;
/** Less is not worth a word, whatever the ratio: it is the noise of the machine, ms. */
const slowdownFloorMs = 5;

/**
 * Watches a version at its work. Resolves when its time is over and nothing was wrong with it.
 * @param before how the version did that it replaced; undefined where none is known.
 * @throws MODEL_PROBATION_FAILED as soon as it is beyond a bound, or the reason of `signal`.
 */
export async function watchProbation(options: {
  readonly before: Vitals | undefined;
  readonly now: Vitals;
  readonly settings: ProbationConfig;
  readonly signal: AbortSignal;
}): Promise<void> {
  const { before, now, settings, signal } = options;
  const end = performance.now() + settings.seconds * 1000;
  for (;;) {
    const fault = judge(before, now, settings);
    if (fault !== undefined) throw new GatewayError('MODEL_PROBATION_FAILED', fault);
    const left = end - performance.now();
    if (left <= 0) return;
    await delay(Math.min(left, lookEveryMs), undefined, { signal, ref: false });
  }
}

/** What is beyond a bound, in words. */
function judge(before: Vitals | undefined, now: Vitals, settings: ProbationConfig): string | undefined {
  const { minFrames, maxCrashes, maxErrorRise, maxSlowdown, maxAlarmShift } = settings;
  if (now.losses > maxCrashes) {
    return `Expected at most ${maxCrashes} crashes and timeouts but received ${now.losses}`;
  }
  const known = (count: number) => count >= minFrames;
  const errors = before?.failures.mean ?? 0;
  if (known(now.failures.count) && now.failures.mean - errors > maxErrorRise) {
    return `Expected failures for at most ${percent(errors + maxErrorRise)} of inputs but received ${percent(now.failures.mean)}`;
  }
  if (!before) return undefined;
  const [took, takes] = [before.runMs.median, now.runMs.median];
  if (known(before.runMs.count) && known(now.runMs.count)) {
    if (takes > took * maxSlowdown && takes - took > slowdownFloorMs) {
      return `Expected at most ${maxSlowdown} times ${took.toFixed(1)} ms an input but received ${takes.toFixed(1)} ms`;
    }
  }
  const [were, are] = [before.alarms.mean, now.alarms.mean];
  const comparable = known(before.alarms.count) && known(now.alarms.count);
  if (comparable && Math.abs(are - were) > maxAlarmShift) {
    return `Expected alarms for about ${percent(were)} of frames but received ${percent(are)}`;
  }
  return undefined;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
