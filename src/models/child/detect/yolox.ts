import type { Yolox } from '../../detector.ts';
import { type Candidate, type Decoding, greatestOf, gridsOf, rowOf } from './candidate.ts';

/** `score = objectness * class`, both of which the graph has put through a sigmoid. */
export function yolox({ output, strides }: Yolox, decoding: Decoding, row: number): Candidate[] {
  const { data, shape } = rowOf(decoding, output, row);
  const [, length = 0] = shape;
  const found: Candidate[] = [];
  for (const { stride, columns, rows, start } of gridsOf(decoding, strides)) {
    for (let cell = 0; cell < columns * rows; cell++) {
      const at = (start + cell) * length;
      const objectness = data[at + 4] ?? 0;
      if (objectness < decoding.minScore) continue;
      const index = greatestOf(data, at + 5, length - 5);
      const score = objectness * (data[at + 5 + index] ?? 0);
      if (score < decoding.minScore) continue;
      const x = ((data[at] ?? 0) + (cell % columns)) * stride;
      const y = ((data[at + 1] ?? 0) + Math.floor(cell / columns)) * stride;
      found.push({ ...around(x, y, size(2), size(3)), score, index });

      function size(side: number): number {
        return Math.exp(data[at + side] ?? 0) * stride;
      }
    }
  }
  return found;

  function around(x: number, y: number, w: number, h: number) {
    const { width, height } = decoding;
    return {
      left: (x - w / 2) / width,
      top: (y - h / 2) / height,
      right: (x + w / 2) / width,
      bottom: (y + h / 2) / height,
    };
  }
}
