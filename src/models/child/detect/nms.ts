import type { Candidate } from './candidate.ts';

/** The best first; of those of one class that overlap by more than `iou` only the best; at most `limit`. */
export function suppress(candidates: readonly Candidate[], iou: number, limit: number): Candidate[] {
  const kept: Candidate[] = [];
  for (const candidate of candidates.toSorted((a, b) => b.score - a.score)) {
    if (kept.length >= limit) break;
    const covered = kept.some((other) => other.index === candidate.index && overlap(other, candidate) > iou);
    if (!covered) kept.push(candidate);
  }
  return kept;
}

/** Intersection over union. */
function overlap(a: Candidate, b: Candidate): number {
  const width = Math.min(a.right, b.right) - Math.max(a.left, b.left);
  const height = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
  if (width <= 0 || height <= 0) return 0;
  const both = width * height;
  return both / (area(a) + area(b) - both);
}

function area({ left, top, right, bottom }: Candidate): number {
  return (right - left) * (bottom - top);
}
