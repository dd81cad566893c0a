import type { FastestDet } from '../../detector.ts';
import { type Candidate, type Decoding, greatestOf, rowOf, sigmoid } from './candidate.ts';

/** `score = objectness^0.6 * class^0.4`; the centre may lie up to a cell beside its own. */
export function fastestdet({ output }: FastestDet, decoding: Decoding, row: number): Candidate[] {
  const { data, shape } = rowOf(decoding, output, row);
  const [channels = 0, rows = 0, columns = 0] = shape;
  const plane = rows * columns;
  const found: Candidate[] = [];
  for (let cell = 0; cell < plane; cell++) {
    const channel = (c: number) => data[c * plane + cell] ?? 0;
    const index = greatestOf(data, 5 * plane + cell, channels - 5, plane);
    const score = channel(0) ** 0.6 * channel(5 + index) ** 0.4;
    if (!(score >= decoding.minScore)) continue;
    const x = ((cell % columns) + Math.tanh(channel(1))) / columns;
    const y = (Math.floor(cell / columns) + Math.tanh(channel(2))) / rows;
    const [w, h] = [sigmoid(channel(3)), sigmoid(channel(4))];
    found.push({ left: x - w / 2, top: y - h / 2, right: x + w / 2, bottom: y + h / 2, score, index });
  }
  return found;
}
