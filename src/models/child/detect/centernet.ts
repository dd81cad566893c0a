import type { CenterNet } from '../../detector.ts';
import { type Candidate, type Decoding, logitOf, rowOf, sigmoid } from './candidate.ts';

/** Cells that no neighbour of the same class exceeds, with the distances that stand there. */
export function centernet({ heatmap, sizes, activation }: CenterNet, decoding: Decoding, row: number) {
  const { data, shape } = rowOf(decoding, heatmap, row);
  const distances = rowOf(decoding, sizes, row).data;
  const [classes = 0, height = 0, width = 0] = shape;
  const plane = height * width;
  const least = activation === 'sigmoid' ? logitOf(decoding.minScore) : decoding.minScore;
  const found: Candidate[] = [];
  for (let index = 0; index < classes; index++) {
    const start = index * plane;
    for (let cell = 0; cell < plane; cell++) {
      const value = data[start + cell] ?? 0;
      if (value < least || !isPeak(data, start, cell, width, height)) continue;
      const score = activation === 'sigmoid' ? sigmoid(value) : value;
      found.push({ ...boxAt(cell), score, index });
    }
  }
  return found;

  function boxAt(cell: number) {
    const x = (cell % width) / width;
    const y = Math.floor(cell / width) / height;
    const distance = (side: number) => distances[side * plane + cell] ?? 0;
    return {
      left: x - distance(0) / decoding.width,
      top: y - distance(1) / decoding.height,
      right: x + distance(2) / decoding.width,
      bottom: y + distance(3) / decoding.height,
    };
  }
}

/** No neighbour exceeds it; of equal ones, which bytes often are, the first is the peak. */
function isPeak(data: Float32Array, start: number, cell: number, width: number, height: number): boolean {
  const value = data[start + cell] ?? 0;
  const [column, line] = [cell % width, Math.floor(cell / width)];
  for (let y = Math.max(0, line - 1); y <= Math.min(height - 1, line + 1); y++) {
    for (let x = Math.max(0, column - 1); x <= Math.min(width - 1, column + 1); x++) {
      const neighbour = y * width + x;
      const other = data[start + neighbour] ?? 0;
      if (other > value || (other === value && neighbour < cell)) return false;
    }
  }
  return true;
}
