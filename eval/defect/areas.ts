/** The share of pairs of a bad and a good one of which the bad one has the greater score (Mann and Whitney). */
export function auroc(scores: readonly number[], isBad: readonly boolean[]): number {
  const order = Uint32Array.from(scores, (_, i) => i).sort((a, b) => (scores[a] ?? 0) - (scores[b] ?? 0));
  let ranks = 0;
  let bad = 0;
  for (let from = 0; from < order.length; ) {
    let to = from;
    while (to < order.length && scores[order[to] ?? 0] === scores[order[from] ?? 0]) to++;
    for (let i = from; i < to; i++) {
      if (!isBad[order[i] ?? 0]) continue;
      ranks += (from + to + 1) / 2;
      bad++;
    }
    from = to;
  }
  return (ranks - (bad * (bad + 1)) / 2) / (bad * (order.length - bad));
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
