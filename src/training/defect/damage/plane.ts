import type { Random } from '../../random.ts';
import { patchNet } from '../patch-net.ts';

/** `[256, 256]`: one number a pixel. */
export type Plane = Float32Array;

const { side } = patchNet;

/** A plane by what stands at `x` and `y`. */
export function plane(at: (x: number, y: number) => number): Plane {
  const numbers = new Float32Array(side * side);
  for (let y = 0, i = 0; y < side; y++) for (let x = 0; x < side; x++, i++) numbers[i] = at(x, y);
  return numbers;
}

/** The mean over `2 * radius + 1` pixels a side, twice: nearly a Gaussian. The border is repeated. */
export function blurred(source: Plane, radius: number): Plane {
  let numbers = source;
  for (let pass = 0; pass < 2; pass++) {
    numbers = meanAlong(meanAlong(numbers, radius, 1, side), radius, side, 1);
  }
  return numbers;
}

/** A running sum along lines whose pixels lie `step` apart; lines begin `next` apart. */
function meanAlong(source: Plane, radius: number, step: number, next: number): Plane {
  const result = new Float32Array(source.length);
  const size = 2 * radius + 1;
  for (let line = 0; line < side; line++) {
    const start = line * next;
    const value = (i: number) => source[start + Math.min(side - 1, Math.max(0, i)) * step] ?? 0;
    let sum = 0;
    for (let i = -radius; i <= radius; i++) sum += value(i);
    for (let i = 0; i < side; i++) {
      result[start + i * step] = sum / size;
      sum += value(i + radius + 1) - value(i - radius);
    }
  }
  return result;
}

/** Hills and hollows about `size` pixels wide: normal numbers on a grid, and what lies between them. */
export function hills(size: number, random: Random): Plane {
  const width = Math.ceil(side / size) + 1;
  const grid = Float32Array.from({ length: width * width }, () => normal(random));
  const at = (column: number, row: number) => grid[row * width + column] ?? 0;
  return plane((x, y) => {
    const [column, row] = [Math.floor(x / size), Math.floor(y / size)];
    const [right, down] = [x / size - column, y / size - row];
    const upper = at(column, row) * (1 - right) + at(column + 1, row) * right;
    const lower = at(column, row + 1) * (1 - right) + at(column + 1, row + 1) * right;
    return upper * (1 - down) + lower * down;
  });
}

/** Turned by quarters of a circle. */
export function turned(source: Plane, quarters: number): Plane {
  if (quarters === 0) return source;
  return turned(
    plane((x, y) => source[x * side + (side - 1 - y)] ?? 0),
    quarters - 1,
  );
}

export function between(low: number, high: number, random: Random): number {
  return low + (high - low) * random();
}

/** As likely in each octave: small numbers as often as large ones. */
export function octaves(low: number, high: number, random: Random): number {
  return low * (high / low) ** random();
}

/** Mean 0, deviation 1 (Box and Muller). */
export function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
