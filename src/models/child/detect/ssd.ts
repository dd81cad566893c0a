import type { Ssd } from '../../detector.ts';
import { type Candidate, type Decoding, greatestOf, rowOf, sigmoid } from './candidate.ts';

/** As `TFLite_Detection_PostProcess`: one class a box, centre and size against an anchor. */
export function ssd(detector: Ssd, anchors: Float32Array, decoding: Decoding, row: number): Candidate[] {
  const { boxes, scores, activation, classes, scale } = detector;
  const encoded = rowOf(decoding, boxes, row).data;
  const { data, shape } = rowOf(decoding, scores, row);
  const [count = 0, columns = 0] = shape;
  const background = columns - classes;
  const found: Candidate[] = [];
  for (let anchor = 0; anchor < count; anchor++) {
    const at = anchor * columns;
    const index = greatestOf(data, at + background, classes);
    const score = activated(data, at, columns, at + background + index);
    if (score < decoding.minScore) continue;
    const of = (values: Float32Array, side: number) => values[anchor * 4 + side] ?? 0;
    const y = (of(encoded, 0) / scale.y) * of(anchors, 2) + of(anchors, 0);
    const x = (of(encoded, 1) / scale.x) * of(anchors, 3) + of(anchors, 1);
    const h = Math.exp(of(encoded, 2) / scale.h) * of(anchors, 2);
    const w = Math.exp(of(encoded, 3) / scale.w) * of(anchors, 3);
    found.push({ left: x - w / 2, top: y - h / 2, right: x + w / 2, bottom: y + h / 2, score, index });
  }
  return found;

  function activated(values: Float32Array, start: number, length: number, which: number): number {
    const logit = values[which] ?? 0;
    if (activation === 'none') return logit;
    if (activation === 'sigmoid') return sigmoid(logit);
    let sum = 0;
    for (let i = 0; i < length; i++) sum += Math.exp((values[start + i] ?? 0) - logit);
    return 1 / sum;
  }
}
