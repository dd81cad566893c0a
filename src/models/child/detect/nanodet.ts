import type { NanoDet } from '../../detector.ts';
import { type Candidate, type Decoding, greatestOf, gridsOf, rowOf } from './candidate.ts';

/** Distances to the sides are the means of distributions over whole strides (Generalized Focal Loss, Li et al. 2020). */
export function nanodet(detector: NanoDet, decoding: Decoding, row: number): Candidate[] {
  const { output, strides, classes, cellOffset = 0 } = detector;
  const { data, shape } = rowOf(decoding, output, row);
  const [, length = 0] = shape;
  const bins = (length - classes) / 4;
  const { width, height } = decoding;
  const found: Candidate[] = [];
  for (const { stride, columns, rows, start } of gridsOf(decoding, strides)) {
    for (let cell = 0; cell < columns * rows; cell++) {
      const at = (start + cell) * length;
      const index = greatestOf(data, at, classes);
      const score = data[at + index] ?? 0;
      if (score < decoding.minScore) continue;
      const x = ((cell % columns) + cellOffset) * stride;
      const y = (Math.floor(cell / columns) + cellOffset) * stride;
      const distance = (side: number) => mean(data, at + classes + side * bins, bins) * stride;
      found.push({
        left: (x - distance(0)) / width,
        top: (y - distance(1)) / height,
        right: (x + distance(2)) / width,
        bottom: (y + distance(3)) / height,
        score,
        index,
      });
    }
  }
  return found;
}

/** Of the distribution that `count` logits are. */
function mean(data: Float32Array, start: number, count: number): number {
  const greatest = data[start + greatestOf(data, start, count)] ?? 0;
  let [sum, weighted] = [0, 0];
  for (let i = 0; i < count; i++) {
    const share = Math.exp((data[start + i] ?? 0) - greatest);
    sum += share;
    weighted += share * i;
  }
  return weighted / sum;
}
