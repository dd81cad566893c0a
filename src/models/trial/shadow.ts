import type { ShadowConfig } from '../../config/types.ts';
import { GatewayError } from '../../errors.ts';
import type { Image } from '../../image.ts';
import type { InstanceGroup } from '../instance-group.ts';
import type { Outputs, Tensors } from '../model.ts';
import { compareOutputs } from './compare.ts';
import { Recent } from './vitals.ts';

/** What the shadow run found, for reports. */
export interface ShadowReport {
  readonly frames: number;
  /** Shares and scores in [0, 1]. */
  readonly agreement: number;
  readonly drift: number;
  /** Frames that the candidate failed on and the version in charge did not. */
  readonly failures: number;
  /** Median times of one run, ms. */
  readonly runMs: { readonly active: number; readonly candidate: number };
}

/** Told of every answer that the version in charge gives. */
export type Observer = (input: Image | Tensors, outputs: Outputs) => void;

export interface ShadowOptions {
  readonly candidate: InstanceGroup;
  /** Begins to observe; returns how to end it. */
  readonly observe: (observer: Observer) => () => void;
  readonly settings: ShadowConfig;
  readonly signal: AbortSignal;
  readonly onProgress: (frames: number) => void;
  /** Told of inputs that both judge otherwise, with what the one in charge says. */
  readonly onDisagreement?: Observer | undefined;
}

/** Less is the noise of the machine, ms. */
const slowdownFloorMs = 2;

/**
 * Lets the candidate judge live frames too, one at a time and within its share of a core; nothing waits for it,
 * and nobody sees its answers.
 * @throws MODEL_SHADOW_MISMATCH with the report in `details`, UPDATE_INCONCLUSIVE if too few frames came, or the
 * reason of `signal`.
 */
export async function runShadow(options: ShadowOptions): Promise<ShadowReport> {
  const { settings, signal } = options;
  const run = new ShadowRun(options);
  const stop = options.observe((input, outputs) => run.offer(input, outputs));
  const late = AbortSignal.timeout(settings.timeoutS * 1000);
  const ended = AbortSignal.any([late, signal]);
  try {
    await new Promise<void>((resolve, reject) => {
      run.onFull = resolve;
      ended.addEventListener('abort', () => reject(ended.reason), { once: true });
      signal.throwIfAborted();
    });
  } catch (error) {
    if (!late.aborted || signal.aborted) throw error;
    throw new GatewayError(
      'UPDATE_INCONCLUSIVE',
      `Expected ${settings.frames} frames within ${settings.timeoutS} s for the shadow run but received ${run.frames}`,
    );
  } finally {
    stop();
  }
  const report = run.report();
  const fault = judge(report, settings);
  if (fault === undefined) return report;
  throw new GatewayError('MODEL_SHADOW_MISMATCH', fault, { details: { ...report } });
}

class ShadowRun {
  onFull: () => void = () => {};
  readonly #options: ShadowOptions;
  readonly #startedAt = performance.now();
  readonly #drift = new Recent();
  readonly #activeMs = new Recent();
  readonly #candidateMs = new Recent();
  #busy = false;
  #spentMs = 0;
  #frames = 0;
  #agreed = 0;
  #failures = 0;

  constructor(options: ShadowOptions) {
    this.#options = options;
  }

  get frames(): number {
    return this.#frames;
  }

  /** Takes the frame, or lets it pass if there is no time for it now. */
  offer(input: Image | Tensors, outputs: Outputs): void {
    const { settings, candidate } = this.#options;
    const allowed = (performance.now() - this.#startedAt) * settings.cpu;
    if (this.#busy || this.#frames >= settings.frames || this.#spentMs > allowed) return;
    const judged = candidate.tryInfer(input);
    if (!judged) return;
    this.#busy = true;
    const startedAt = performance.now();
    void judged
      .then(
        (own) => this.#note(input, outputs, own),
        () => {
          this.#failures++;
        },
      )
      .then(() => {
        this.#busy = false;
        this.#spentMs += performance.now() - startedAt;
        this.#options.onProgress(++this.#frames);
        if (this.#frames >= settings.frames) this.onFull();
      });
  }

  report(): ShadowReport {
    return {
      frames: this.#frames,
      agreement: this.#frames === 0 ? 0 : this.#agreed / this.#frames,
      drift: this.#drift.mean,
      failures: this.#failures,
      runMs: { active: this.#activeMs.median, candidate: this.#candidateMs.median },
    };
  }

  #note(input: Image | Tensors, active: Outputs, candidate: Outputs): void {
    const { agree, drift } = compareOutputs(active, candidate);
    if (agree) this.#agreed++;
    else this.#options.onDisagreement?.(input, active);
    this.#drift.add(drift);
    // A batch of the one in charge against one input of the candidate: in its favour, probation is exact.
    this.#activeMs.add(active.timing.decodeMs + active.timing.inferMs);
    this.#candidateMs.add(candidate.timing.decodeMs + candidate.timing.inferMs);
  }
}

function judge(report: ShadowReport, settings: ShadowConfig): string | undefined {
  const { agreement, drift, runMs } = report;
  const { minAgreement, maxDrift, maxSlowdown } = settings;
  if (agreement < minAgreement) {
    return `Expected agreement on ${percent(minAgreement)} of frames with the version in charge but received ${percent(agreement)}`;
  }
  if (drift > maxDrift) {
    return `Expected scores within ${maxDrift} of the version in charge but received ${drift.toFixed(3)}`;
  }
  const { active, candidate } = runMs;
  if (candidate > active * maxSlowdown && candidate - active > slowdownFloorMs) {
    return `Expected at most ${maxSlowdown} times ${active.toFixed(1)} ms but received ${candidate.toFixed(1)} ms`;
  }
  return undefined;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
