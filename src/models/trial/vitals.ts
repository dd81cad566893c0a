import type { Batch } from '../instance.ts';
import type { JobAnswer } from '../model-process.ts';

/** Observations that rates are taken over: enough to tell 2 % from 5 %, few enough to speak of now. */
const window = 500;

/** The latest numbers of a kind. */
export class Recent {
  readonly #values: number[] = [];
  #next = 0;

  get count(): number {
    return this.#values.length;
  }

  /** 0 of none. */
  get mean(): number {
    return this.#values.length === 0 ? 0 : this.#values.reduce((a, b) => a + b) / this.#values.length;
  }

  /** 0 of none. */
  get median(): number {
    const sorted = this.#values.toSorted((a, b) => a - b);
    return sorted[sorted.length >> 1] ?? 0;
  }

  add(value: number): void {
    this.#values[this.#next] = value;
    this.#next = (this.#next + 1) % window;
  }
}

/** How one version does at its work. */
export class Vitals {
  /** Decoding, resizing and the run of the net, ms an input. */
  readonly runMs = new Recent();
  /** 1 for an input that the net failed on, 0 for one that it answered. Pictures that cannot be decoded are not counted. */
  readonly failures = new Recent();
  /** 1 for a verdict of a pipeline that raises an alarm, 0 for another. */
  readonly alarms = new Recent();
  #losses = 0;

  /** Processes that crashed, or were ended because they did not answer. */
  get losses(): number {
    return this.#losses;
  }

  noteAnswer({ jobs }: Batch, answer: JobAnswer): void {
    // The inputs of a batch that failed run again one by one: only then is it known which the net cannot take.
    const [alone, ...others] = jobs;
    const failed = answer.kind === 'refused' && answer.error.code === 'MODEL_RUN_FAILED';
    if (failed && alone?.kind === 'infer' && others.length === 0) this.failures.add(1);
    if (answer.kind !== 'ran' || answer.size === 0) return;
    this.runMs.add((answer.decodeMs + answer.inferMs) / answer.size);
    for (let i = 0; i < answer.size; i++) this.failures.add(0);
  }

  noteLost(): void {
    this.#losses++;
  }
}
