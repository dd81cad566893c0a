/** Cross-validation: each third of the parts is judged by what learned from the others. */
export const folds = 3;

/** Parts of a fold follow each other, as pictures of one part do. */
export function foldOf(index: number, count: number): number {
  return Math.floor((index * folds) / count);
}
