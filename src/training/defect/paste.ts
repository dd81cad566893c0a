import type { Random } from '../random.ts';
import { closeupSide as side } from './view.ts';

const area = side * side;
/** Pixels around a defect that tell how bright it is for where it lies. */
const surroundings = 10;

/**
 * Puts what `mask` covers in the close-up `bad` into the close-up `good`, as much darker or brighter than what is
 * around it as it was there: bad parts are few, and defects look alike wherever they are (Dwibedi et al., 2017).
 */
export function paste(bad: Float32Array, mask: Float32Array, good: Float32Array, random: Random): void {
  const share = softened(mask, 1 + Math.floor(random() * 3));
  const ring = softened(mask, surroundings);
  let [there, here, count] = [0, 0, 0];
  for (let i = 0; i < area; i++) {
    if (mask[i] !== 0 || ring[i] === 0) continue;
    there += bad[i] ?? 0;
    here += good[i] ?? 0;
    count++;
  }
  const [from, to] = count > 0 ? [there / count, here / count] : [0, 0];
  const strength = 0.8 + random() * 0.4;
  for (let i = 0; i < area; i++) {
    const put = to + ((bad[i] ?? 0) - from) * strength;
    good[i] = (good[i] ?? 0) + (share[i] ?? 0) * (put - (good[i] ?? 0));
  }
}

/** 1 inside, falling to 0 within about `radius` pixels around. */
function softened(mask: Float32Array, radius: number): Float32Array {
  const means = boxed(boxed(mask, radius, 1, side), radius, side, 1);
  for (let i = 0; i < area; i++) means[i] = Math.min(1, 2 * (means[i] ?? 0));
  return means;
}

/** Means over `2 * radius + 1` numbers in lines; where a line ends, its end is repeated. */
function boxed(values: Float32Array, radius: number, step: number, line: number): Float32Array {
  const means = new Float32Array(area);
  const width = 2 * radius + 1;
  for (let k = 0; k < side; k++) {
    const start = k * line;
    const [first = 0, end = 0] = [values[start], values[start + (side - 1) * step]];
    let sum = first * (radius + 1);
    for (let i = 1; i <= radius; i++) sum += values[start + i * step] ?? 0;
    for (let i = 0; i < side; i++) {
      means[start + i * step] = sum / width;
      sum += i + radius + 1 < side ? (values[start + (i + radius + 1) * step] ?? 0) : end;
      sum -= i >= radius ? (values[start + (i - radius) * step] ?? 0) : first;
    }
  }
  return means;
}
