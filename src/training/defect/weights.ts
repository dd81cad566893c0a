/** Beyond so many deviations more of it says no more. */
const most = 4;
const [steps, rate, decay] = [400, 0.5, 0.01];

/**
 * How much each kind of evidence counts, none less than 0, so that the weighted sum tells bad parts from good ones
 * best: a logistic regression in which both weigh the same, however many there are of either. Evidence comes in
 * deviations of that of the good parts.
 */
export function weightsOf(good: readonly number[][], bad: readonly number[][]): number[] {
  const kinds = good[0]?.length ?? 0;
  const examples = [
    ...good.map((row) => ({ row: row.map(bounded), wanted: 0, share: 0.5 / good.length })),
    ...bad.map((row) => ({ row: row.map(bounded), wanted: 1, share: 0.5 / bad.length })),
  ];
  let weights = new Array<number>(kinds).fill(1 / kinds);
  let bias = 0;
  for (let step = 0; step < steps; step++) {
    const slopes = weights.map((weight) => decay * weight);
    let biasSlope = 0;
    for (const { row, wanted, share } of examples) {
      const sum = row.reduce((total, value, kind) => total + value * (weights[kind] ?? 0), bias);
      const wrong = share * (1 / (1 + Math.exp(-sum)) - wanted);
      for (const [kind, value] of row.entries()) slopes[kind] = (slopes[kind] ?? 0) + wrong * value;
      biasSlope += wrong;
    }
    weights = weights.map((weight, kind) => Math.max(0, weight - rate * (slopes[kind] ?? 0)));
    bias -= rate * biasSlope;
  }
  return weights.some((weight) => weight > 0) ? weights : weights.map(() => 1);
}

function bounded(value: number): number {
  return Math.min(most, Math.max(-most, value));
}
