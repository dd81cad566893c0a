/** What good parts have of one kind of evidence. */
export interface Scale {
  readonly middle: number;
  /** From there to the ninetieth percentile; infinite where they are all alike. */
  readonly spread: number;
}

/** Kinds of evidence of parts that a model had not learned from. */
export interface Kinds {
  readonly good: readonly Float32Array[];
  readonly relit?: readonly Float32Array[];
  readonly bad: readonly Float32Array[];
}

/** A score of 0.1 is what the median good part has. */
const typical = 4;
/** How far beyond the median the threshold lies, in distances from the median to the ninetieth percentile. */
const reach = 3;

/** Of each kind of evidence. */
export function scalesOfKinds(good: readonly Float32Array[]): Scale[] {
  return Array.from({ length: good[0]?.length ?? 0 }, (_, kind) => {
    const values = good.map((row) => row[kind] ?? 0);
    const middle = quantile(values, 0.5);
    const spread = quantile(values, 0.9) - middle;
    return { middle, spread: spread > 1e-6 ? spread : Number.POSITIVE_INFINITY };
  });
}

/** Each kind by what good parts have of it. */
export function deviationsOf(row: Float32Array, scales: readonly Scale[]): number[] {
  return scales.map(({ middle, spread }, kind) => ((row[kind] ?? 0) - middle) / spread);
}

/**
 * Where sums of evidence are too much: where hardly a good part comes. Bad ones, where there are some, move it to
 * where it tells them apart best, but never so low that more than a tenth of the good parts would be refused.
 * @returns the threshold, and what a sum less the threshold is multiplied with for `unitOf`
 */
export function thresholdOf(
  good: readonly number[],
  bad: readonly number[],
): { threshold: number; gain: number } {
  const middle = quantile(good, 0.5);
  const ninety = Math.max(middle + 1e-6, quantile(good, 0.9));
  const threshold =
    bad.length > 0 ? Math.max(ninety, bestSplit(good, bad)) : middle + reach * (ninety - middle);
  return { threshold, gain: typical / (threshold - middle) };
}

/** The value with the greatest mean of the shares that are right on either side of it. */
function bestSplit(good: readonly number[], bad: readonly number[]): number {
  const candidates = [...good, ...bad].toSorted((a, b) => a - b);
  let best = { value: candidates[0] ?? 0, right: 0 };
  for (const [i, low] of candidates.entries()) {
    const value = (low + (candidates[i + 1] ?? low)) / 2;
    const right =
      good.filter((each) => each <= value).length / good.length +
      bad.filter((each) => each > value).length / bad.length;
    if (right > best.right) best = { value, right };
  }
  return best.value;
}

/** Between the two nearest values where it falls between them. */
function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const at = share * (sorted.length - 1);
  const low = sorted[Math.floor(at)] ?? Number.NaN;
  return low + (at - Math.floor(at)) * ((sorted[Math.ceil(at)] ?? low) - low);
}
