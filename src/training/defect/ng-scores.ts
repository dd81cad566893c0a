import type { FittedParts } from './fit.ts';

/** What the `ngScore` of the pipeline has to be for at most a share of the good parts to be refused. */
export interface NgScore {
  /** In thousandths. */
  readonly score: number;
  /** That share. */
  readonly refused: number;
  /** Share of the bad parts that are found then; `undefined` where there were none. */
  readonly found?: number;
}

/** By the scores of parts that the model had not learned from: the threshold for those who would rather refuse more. */
export function ngScores(
  { good, bad }: FittedParts['heldOut'],
  shares: readonly number[] = [0.02, 0.05, 0.1],
): NgScore[] {
  const worstFirst = good.toSorted((a, b) => b - a);
  return shares.map((refused) => {
    const passes = worstFirst[Math.floor(refused * good.length)] ?? 0;
    const score = (Math.floor(1000 * passes) + 1) / 1000;
    const found = bad.filter((each) => each >= score).length / bad.length;
    return { score, refused, ...(bad.length > 0 ? { found } : {}) };
  });
}
