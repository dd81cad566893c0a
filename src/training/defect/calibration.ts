import { patchNet } from './patch-net.ts';
import { weightsOf } from './weights.ts';

/** `unitOf(weights · numbers + bias)`: 0.5 is the threshold. */
interface Linear {
  readonly weights: readonly number[];
  readonly bias: number;
}

export interface Calibration {
  /** Of the evidence of a picture. */
  readonly picture: Linear;
  /** Of the maps, patch by patch. */
  readonly patch: Linear;
  /** The same without what is said of the whole picture: for who looks at a part of it only. */
  readonly local: Linear;
}

/** What a model that has not learned from a picture says of it. */
export interface Judged {
  readonly evidence: Float32Array;
  /** `[kinds, 32, 32]` */
  readonly maps: Float32Array;
}

/** Of the kinds of evidence: what tells damage from good parts counts as much as both kinds of strangeness. */
const importance = [1, 1, 2];

/** Parts that a model had not learned from. */
export interface HeldOut {
  readonly good: readonly Judged[];
  readonly relit: readonly Judged[];
  readonly bad: readonly Judged[];
}

/** A score of 0.1 is what the median good part has. */
const typical = 4;

/** From any number to (0, 1). Unlike a logistic curve it still tells bad from worse where both are far beyond. */
export function unitOf(value: number): number {
  return 0.5 + (0.5 * value) / (1 + Math.abs(value));
}

/** The number that `unitOf` made this of. */
export function undone(unit: number): number {
  const signed = 2 * unit - 1;
  return signed / (1 - Math.abs(signed));
}

/** How far beyond the median the threshold lies, in distances from the median to the ninetieth percentile. */
const reach = 3;

/**
 * Puts kinds of evidence on one scale, that of the good parts' own distribution, adds them up, and lays the
 * threshold where hardly a good part comes. Bad ones, where there are some, tell how much each kind counts, and move
 * it to where it tells them apart best, but never so low that more than a tenth of the good parts would be refused.
 * @param good as they are. In another light (`relit`) they only move the threshold.
 */
export function calibrate({ good, relit, bad }: HeldOut): Calibration {
  const of = (kinds: (each: Judged) => Float32Array, weights?: readonly number[]) =>
    linear({ good: good.map(kinds), relit: relit.map(kinds), bad: bad.map(kinds) }, weights);
  return {
    picture: of(({ evidence }) => evidence, importance),
    // No patch of a good part should be shown as a defect: its worst one is what counts.
    patch: of(worstPatch),
    local: of((each) => withoutWhole(worstPatch(each))),
  };
}

interface Kinds {
  readonly good: readonly Float32Array[];
  readonly relit?: readonly Float32Array[];
  readonly bad: readonly Float32Array[];
}

/** @param importance of each kind of evidence where no bad ones tell it; all the same by default. */
export function linear({ good, relit = [], bad }: Kinds, importance: readonly number[] = []): Linear {
  const kinds = good[0]?.length ?? 0;
  const scales = Array.from({ length: kinds }, (_, kind) => {
    const values = good.map((row) => row[kind] ?? 0);
    const middle = quantile(values, 0.5);
    const spread = quantile(values, 0.9) - middle;
    return { middle, spread: spread > 1e-6 ? spread : Number.POSITIVE_INFINITY };
  });
  const deviations = (row: Float32Array) =>
    scales.map(({ middle, spread }, kind) => ((row[kind] ?? 0) - middle) / spread);
  const counts =
    bad.length > 0
      ? weightsOf(good.map(deviations), bad.map(deviations))
      : scales.map((_, kind) => importance[kind] ?? 1);
  const sum = (row: Float32Array) =>
    deviations(row).reduce((total, value, kind) => total + value * (counts[kind] ?? 0), 0);
  const sums = [...good, ...relit].map(sum);
  const middle = quantile(sums, 0.5);
  const ninety = Math.max(middle + 1e-6, quantile(sums, 0.9));
  const threshold =
    bad.length > 0 ? Math.max(ninety, bestSplit(sums, bad.map(sum))) : middle + reach * (ninety - middle);
  const gain = typical / (threshold - middle);
  const weights = scales.map(({ spread }, kind) => (gain * (counts[kind] ?? 0)) / spread);
  const shift = scales.reduce((total, { middle }, kind) => total + (weights[kind] ?? 0) * middle, 0);
  return { weights, bias: -gain * threshold - shift };
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

/** The second of the maps is that of the whole: see scoring-graph.ts. It never varies here, so it gets no weight. */
function withoutWhole(kinds: Float32Array): Float32Array {
  return kinds.map((value, kind) => (kind === 1 ? 0 : value));
}

function worstPatch({ maps }: Judged): Float32Array {
  const area = patchNet.fine.cells ** 2;
  const kinds = maps.length / area;
  return Float32Array.from({ length: kinds }, (_, kind) =>
    maps.subarray(kind * area, (kind + 1) * area).reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY),
  );
}

/** Between the two nearest values where it falls between them. */
function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const at = share * (sorted.length - 1);
  const low = sorted[Math.floor(at)] ?? Number.NaN;
  return low + (at - Math.floor(at)) * ((sorted[Math.ceil(at)] ?? low) - low);
}
