import type { ReadingsInput } from '../../models/manifest.ts';
import { normalIndex } from './columns.ts';
import type { Prepared } from './net.ts';

/** One window moves what is normal as if it were no further from it than this, in standard deviations. */
const clip = 2;

/**
 * What is normal follows a slow drift, so that a machine may age and seasons may change: an exponential mean
 * of the deviations, each clipped, so that a failure moves it no faster than an ordinary bad day.
 */
export class Baseline {
  /** By index of `mean`, in `scale`. */
  readonly drift: Float64Array;
  /** Indices where it came as far as it may and has not come half of the way back: it follows no further there. */
  readonly spent = new Set<number>();
  readonly #adaptMs: number;
  readonly #maxDrift: number;
  #at: number | undefined;

  constructor({ mean }: ReadingsInput, options: { adaptS: number | null; maxDrift: number }) {
    this.drift = new Float64Array(mean.length);
    this.#adaptMs = (options.adaptS ?? Number.POSITIVE_INFINITY) * 1000;
    this.#maxDrift = options.maxDrift;
  }

  /** A window that ends at `at`, ms, relative to what was normal. */
  note(at: number, { readings, normed }: Prepared): void {
    const share = 1 - Math.exp(-Math.max(0, at - (this.#at ?? at)) / this.#adaptMs);
    this.#at = at;
    if (share === 0) return;
    const sums = new Float64Array(this.drift.length);
    const counts = new Uint32Array(this.drift.length);
    for (const [column, value] of normed.entries()) {
      const i = normalIndex(readings, column);
      sums[i] = (sums[i] ?? 0) + value;
      counts[i] = (counts[i] ?? 0) + 1;
    }
    for (const [i, sum] of sums.entries()) {
      const step = share * bounded(sum / (counts[i] || 1), clip);
      const drift = bounded((this.drift[i] ?? 0) + step, this.#maxDrift);
      this.drift[i] = drift;
      if (drift !== 0 && Math.abs(drift) >= this.#maxDrift) this.spent.add(i);
      else if (Math.abs(drift) < this.#maxDrift / 2) this.spent.delete(i);
    }
  }
}

function bounded(value: number, limit: number): number {
  return Math.min(limit, Math.max(-limit, value));
}
