import { permutation, type Random } from '../random.ts';
import { patchNet, patchNumbers } from './patch-net.ts';

const { channels, cells } = patchNet;
const area = cells * cells;
/** Patches of the border ring are never looked at: see scoring-graph.ts. */
const innerSide = cells - 2;
export const innerPatches = innerSide * innerSide;

/** The patches of one picture in rows, those of the border left out. */
export interface PatchRows {
  /** `[196, 152]`: as the net gives them. */
  readonly plain: Float32Array;
  /** `[196, 152]`: in deviations from the mean of their picture, channel by channel. */
  readonly own: Float32Array;
  /** `[304]`: mean and deviation of every channel. */
  readonly picture: Float32Array;
}

/** @param patches `[152, 16, 16]`, as the patch net gives them for one picture. */
export function rowsOfPatches(patches: Float32Array): PatchRows {
  if (patches.length !== patchNumbers) {
    throw new RangeError(`Expected ${patchNumbers} numbers for patches but received ${patches.length}`);
  }
  const plain = new Float32Array(innerPatches * channels);
  const own = new Float32Array(innerPatches * channels);
  const picture = new Float32Array(2 * channels);
  for (let c = 0; c < channels; c++) {
    let sum = 0;
    let square = 0;
    for (let i = 0; i < innerPatches; i++) {
      const value = patches[c * area + cellOf(i)] ?? 0;
      plain[i * channels + c] = value;
      sum += value;
      square += value * value;
    }
    const mean = sum / innerPatches;
    const deviation = Math.sqrt(Math.max(0, square / innerPatches - mean * mean)) + 1e-3;
    picture[c] = mean;
    picture[channels + c] = deviation;
    for (let i = 0; i < innerPatches; i++) {
      own[i * channels + c] = ((plain[i * channels + c] ?? 0) - mean) / deviation;
    }
  }
  return { plain, own, picture };
}

/** Which of the 16 × 16 cells an inner patch is. */
export function cellOf(inner: number): number {
  return (Math.floor(inner / innerSide) + 1) * cells + (inner % innerSide) + 1;
}

/** `count` of the inner patches at random, or all where there are fewer. */
export function somePatches(count: number, random: Random): Uint32Array {
  return permutation(innerPatches, random).subarray(0, count);
}

/** What the head takes of patch `index`: it as it is, then as it stands out; written to `to` from row `row`. */
export function putPatch({ plain, own }: PatchRows, index: number, to: Float32Array, row: number): void {
  const from = index * channels;
  to.set(plain.subarray(from, from + channels), row * 2 * channels);
  to.set(own.subarray(from, from + channels), (2 * row + 1) * channels);
}
