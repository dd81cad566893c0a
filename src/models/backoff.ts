export interface BackoffOptions {
  /** Wait before the second try in a row, ms. The first is immediate. */
  readonly minMs: number;
  readonly maxMs: number;
  /** A life of at least this length clears what went before, ms. */
  readonly resetMs: number;
}

/**
 * How long to wait before a process is started again: not at all the first time, then twice as long each
 * time, up to a fifth shorter by chance, so that the instances of a model do not start in step.
 */
export class Backoff {
  readonly #options: BackoffOptions;
  #failures = 0;

  constructor(options: BackoffOptions) {
    this.#options = options;
  }

  /** The wait after a process that lived for `livedMs`; 0 for one that never got ready. */
  next(livedMs: number, random: () => number = Math.random): number {
    const { minMs, maxMs, resetMs } = this.#options;
    if (livedMs >= resetMs) this.#failures = 0;
    const failures = this.#failures++;
    if (failures === 0) return 0;
    return Math.min(maxMs, minMs * 2 ** (failures - 1)) * (1 - 0.2 * random());
  }
}
