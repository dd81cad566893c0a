import { deviationsOf, type Kinds, type Scale, scalesOfKinds, thresholdOf } from './threshold.ts';

/** How kinds of evidence become one number, 0 at the threshold. */
export interface Join {
  /** Of each kind. */
  readonly scales: readonly Scale[];
  /** How much each counts. */
  readonly weights: readonly number[];
  readonly threshold: number;
  readonly gain: number;
}

/** How sharply evidence begins to count where a part is as good as most. */
export const sharpness = 2;

/**
 * Adds up how far each kind lies above what most good parts have, in deviations of good parts: a softplus. Many defects
 * are seen by one kind only, and that a part is better than most in all other ways takes nothing from that. Good parts
 * in another light are among those that tell the scales.
 * @param known scales of the first kinds, where they were found before
 */
export function joinOf(
  { good, relit = [], bad }: Kinds,
  weights: readonly number[],
  known: readonly Scale[] = [],
): Join {
  const rows = [...good, ...relit];
  const scaled = { scales: [...known, ...scalesOfKinds(rows).slice(known.length)], weights };
  const sum = (row: Float32Array) => sumOf(row, scaled);
  return { ...scaled, ...thresholdOf(rows.map(sum), bad.map(sum)) };
}

export function joined(row: Float32Array, join: Join): number {
  return join.gain * (sumOf(row, join) - join.threshold);
}

function sumOf(row: Float32Array, { scales, weights }: Pick<Join, 'scales' | 'weights'>): number {
  return deviationsOf(row, scales).reduce(
    (sum, value, kind) => sum + (weights[kind] ?? 0) * softplus(sharpness * value),
    0,
  );
}

/** `ln(1 + e^x)`, which for large x is x. */
function softplus(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}
