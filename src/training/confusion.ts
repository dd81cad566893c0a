/** Of each class how its examples were taken: `[label][answer]` counts. */
export type Confusion = readonly (readonly number[])[];

export function confusionOf(
  answers: readonly number[],
  labels: ArrayLike<number>,
  classes: number,
): Confusion {
  const counts = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  for (const [i, answer] of answers.entries()) {
    const row = counts[labels[i] ?? -1];
    if (row) row[answer] = (row[answer] ?? 0) + 1;
  }
  return counts;
}

/** The matrix as a Markdown table: rows are what it was, columns what the net said, the last the share found. */
export function confusionTable(confusion: Confusion, labels: readonly string[]): string {
  const rows = confusion.map((row, label) => {
    const total = row.reduce((sum, count) => sum + count, 0);
    const found = total === 0 ? '-' : `${((100 * (row[label] ?? 0)) / total).toFixed(1)} %`;
    return `| **${labels[label]}** | ${row.map((count) => (count === 0 ? '' : count)).join(' | ')} | ${found} |`;
  });
  return [
    `| | ${labels.join(' | ')} | found |`,
    `|---|${labels.map(() => '---:|').join('')}---:|`,
    ...rows,
  ].join('\n');
}
