import type { BlazeFace } from '../../detector.ts';
import { type Candidate, type Decoding, logitOf, rowOf, sigmoid } from './candidate.ts';

/** Anchors have no size of their own: boxes and points are in pixels of the input around their centres. */
export function blazeface(detector: BlazeFace, decoding: Decoding, row: number): Candidate[] {
  const { width, height } = decoding;
  const least = logitOf(decoding.minScore);
  const scores = detector.scores.map((name) => rowOf(decoding, name, row).data);
  const boxes = detector.boxes.map((name) => rowOf(decoding, name, row));
  const centres = centresOf(detector, decoding);
  const found: Candidate[] = [];
  let anchor = 0;
  for (const [part, logits] of scores.entries()) {
    const { data, shape } = boxes[part] ?? { data: new Float32Array(), shape: [] };
    const length = shape[1] ?? 0;
    for (let i = 0; i < logits.length; i++, anchor++) {
      const logit = logits[i] ?? 0;
      if (logit < least) continue;
      const [centreX = 0, centreY = 0] = centres.subarray(anchor * 2, anchor * 2 + 2);
      const value = (k: number) => data[i * length + k] ?? 0;
      const [x, y] = [centreX + value(0) / width, centreY + value(1) / height];
      const [w, h] = [value(2) / width, value(3) / height];
      const points = Array.from({ length: length - 4 }, (_, k) =>
        k % 2 === 0 ? centreX + value(4 + k) / width : centreY + value(4 + k) / height,
      );
      const box = { left: x - w / 2, top: y - h / 2, right: x + w / 2, bottom: y + h / 2 };
      found.push({ ...box, score: sigmoid(logit), index: 0, points });
    }
  }
  return found;
}

function centresOf({ strides }: BlazeFace, { width, height }: Decoding): Float32Array {
  const centres: number[] = [];
  for (const { stride, anchors } of strides) {
    const [columns, rows] = [Math.ceil(width / stride), Math.ceil(height / stride)];
    for (let cell = 0; cell < columns * rows; cell++) {
      const [x, y] = [((cell % columns) + 0.5) / columns, (Math.floor(cell / columns) + 0.5) / rows];
      for (let i = 0; i < anchors; i++) centres.push(x, y);
    }
  }
  return Float32Array.from(centres);
}
