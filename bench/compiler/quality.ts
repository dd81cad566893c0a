/** The share of pairs of a positive and a negative in which the positive scores higher; ties count half. */
export function areaUnderCurve(
  scored: readonly { readonly score: number; readonly positive: boolean }[],
): number {
  const sorted = scored.toSorted((a, b) => a.score - b.score);
  let [sum, positives] = [0, 0];
  for (let start = 0; start < sorted.length; ) {
    let end = start;
    while (end < sorted.length && sorted[end]?.score === sorted[start]?.score) end++;
    const inTie = sorted.slice(start, end).filter(({ positive }) => positive).length;
    // Ranks from 1; those of a tie are their mean.
    sum += (inTie * (start + 1 + end)) / 2;
    positives += inTie;
    start = end;
  }
  const negatives = sorted.length - positives;
  return (sum - (positives * (positives + 1)) / 2) / (positives * negatives);
}

/** Of all numbers together, dB: `10 log10(Σ x² / Σ (x - q)²)`. */
export class Sqnr {
  #signal = 0;
  #noise = 0;

  add(expected: ArrayLike<number>, actual: ArrayLike<number>): void {
    for (let i = 0; i < expected.length; i++) {
      const value = expected[i] ?? 0;
      this.#signal += value * value;
      this.#noise += (value - (actual[i] ?? Number.NaN)) ** 2;
    }
  }

  get db(): number {
    return 10 * Math.log10(this.#signal / this.#noise);
  }
}

export function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [dot, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i] ?? 0, b[i] ?? 0];
    dot += x * y;
    aa += x * x;
    bb += y * y;
  }
  return dot / Math.sqrt(aa * bb);
}
