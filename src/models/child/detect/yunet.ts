import type { YuNet } from '../../detector.ts';
import { type Candidate, type Decoding, rowOf } from './candidate.ts';

/** `score = sqrt(class * objectness)`; points are offsets from the corner of their cell. */
export function yunet({ strides }: YuNet, decoding: Decoding, row: number): Candidate[] {
  const { width, height } = decoding;
  const found: Candidate[] = [];
  for (const level of strides) {
    const { stride } = level;
    const classes = rowOf(decoding, level.class, row).data;
    const objects = rowOf(decoding, level.object, row).data;
    const boxes = rowOf(decoding, level.box, row).data;
    const { data: landmarks, shape } = rowOf(decoding, level.points, row);
    const length = shape[1] ?? 0;
    const columns = Math.ceil(width / stride);
    for (let cell = 0; cell < classes.length; cell++) {
      const score = Math.sqrt(unit(classes[cell] ?? 0) * unit(objects[cell] ?? 0));
      if (score < decoding.minScore) continue;
      const [column, line] = [cell % columns, Math.floor(cell / columns)];
      const side = (k: number) => boxes[cell * 4 + k] ?? 0;
      const [x, y] = [(column + side(0)) * stride, (line + side(1)) * stride];
      const [w, h] = [Math.exp(side(2)) * stride, Math.exp(side(3)) * stride];
      const points = Array.from({ length }, (_, k) => {
        const offset = landmarks[cell * length + k] ?? 0;
        return k % 2 === 0 ? ((column + offset) * stride) / width : ((line + offset) * stride) / height;
      });
      found.push({
        left: (x - w / 2) / width,
        top: (y - h / 2) / height,
        right: (x + w / 2) / width,
        bottom: (y + h / 2) / height,
        score,
        index: 0,
        points,
      });
    }
  }
  return found;
}

function unit(value: number): number {
  return Math.min(1, Math.max(0, value));
}
