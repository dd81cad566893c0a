import { permutation, type Random } from '../random.ts';
import { type Patches, patchNet } from './patch-net.ts';

/** What is learned from one picture about how good parts scatter: coarse patches, those of the border left out. */
export interface PatchRows {
  /** `[196, 152]`: as the net gives them. */
  readonly plain: Float32Array;
  /** `[196, 152]`: in deviations from the mean of their picture, channel by channel. */
  readonly own: Float32Array;
  /** `[304]`: mean and deviation of every channel. */
  readonly picture: Float32Array;
}

/** Patches that a head learns from: `[count, headLength]`, and whether each is spoilt. */
export interface Lessons {
  readonly rows: Float32Array;
  readonly spoilt: Uint8Array;
}

interface Stride {
  readonly channels: number;
  readonly cells: number;
  /** Patches that see what lies outside of the picture differ from all others by that: statistics leave them out. */
  readonly border: number;
}

const coarse: Stride = { ...patchNet.coarse, border: 1 };
const fine: Stride = { ...patchNet.fine, border: 2 };
export const innerPatches = (coarse.cells - 2 * coarse.border) ** 2;
/** Fine patches, those of the border among them. */
const finePatches = fine.cells ** 2;
/** A head takes the fine patch as it is and as it stands out of its picture, then the coarse one around it. */
export const headLength = 2 * (fine.channels + coarse.channels);
/** A patch counts as spoilt from this share on; those with less teach nothing. */
const spoiltShare = 1 / 16;

export function rowsOfPatches(patches: Patches): PatchRows {
  const { channels, cells, border } = coarse;
  const { mean, deviation } = scales(patches.coarse, coarse);
  const plain = new Float32Array(innerPatches * channels);
  const own = new Float32Array(innerPatches * channels);
  for (let y = border, row = 0; y < cells - border; y++) {
    for (let x = border; x < cells - border; x++, row += channels) {
      for (let c = 0; c < channels; c++) {
        const value = patches.coarse[(c * cells + y) * cells + x] ?? 0;
        plain[row + c] = value;
        own[row + c] = (value - (mean[c] ?? 0)) / (deviation[c] ?? 1);
      }
    }
  }
  return { plain, own, picture: Float32Array.of(...mean, ...deviation) };
}

/** The share of each fine patch that a mask `[256, 256]` in [0, 1] covers: `[1024]`. */
export function sharesOf(mask: Float32Array): Float32Array {
  const { side } = patchNet;
  const size = side / fine.cells;
  const shares = new Float32Array(finePatches);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      if ((mask[y * side + x] ?? 0) <= 0.4) continue;
      const cell = Math.floor(y / size) * fine.cells + Math.floor(x / size);
      shares[cell] = (shares[cell] ?? 0) + 1 / size ** 2;
    }
  }
  return shares;
}

/** At most `count` spoilt patches of a picture and half as many of its good ones; of a good part `count` good ones. */
export function lessonsOf(
  patches: Patches,
  shares: Float32Array | undefined,
  count: number,
  random: Random,
): Lessons {
  const order = permutation(finePatches, random);
  const good = shares
    ? order.filter((cell) => shares[cell] === 0).subarray(0, count >> 1)
    : order.subarray(0, count);
  const spoilt = order.filter((cell) => (shares?.[cell] ?? 0) >= spoiltShare).subarray(0, count);
  const rows = new Float32Array((good.length + spoilt.length) * headLength);
  const scaling = { fine: scales(patches.fine, fine), coarse: scales(patches.coarse, coarse) };
  for (const [row, cell] of [...good, ...spoilt].entries()) {
    const [x, y] = [cell % fine.cells, Math.floor(cell / fine.cells)];
    const step = fine.cells / coarse.cells;
    put(patches.fine, fine, scaling.fine, y * fine.cells + x, row * headLength);
    const around = Math.floor(y / step) * coarse.cells + Math.floor(x / step);
    put(patches.coarse, coarse, scaling.coarse, around, row * headLength + 2 * fine.channels);
  }
  return {
    rows,
    spoilt: Uint8Array.from({ length: good.length + spoilt.length }, (_, i) => Number(i >= good.length)),
  };

  function put(
    from: Float32Array,
    { channels, cells }: Stride,
    { mean, deviation }: Scales,
    cell: number,
    to: number,
  ) {
    for (let c = 0; c < channels; c++) {
      const value = from[c * cells * cells + cell] ?? 0;
      rows[to + c] = value;
      rows[to + channels + c] = (value - (mean[c] ?? 0)) / (deviation[c] ?? 1);
    }
  }
}

interface Scales {
  readonly mean: Float32Array;
  readonly deviation: Float32Array;
}

/** Of every channel, over the patches inside the border; the deviation is never 0. */
function scales(from: Float32Array, { channels, cells, border }: Stride): Scales {
  const mean = new Float32Array(channels);
  const deviation = new Float32Array(channels);
  const count = (cells - 2 * border) ** 2;
  for (let c = 0; c < channels; c++) {
    let sum = 0;
    let square = 0;
    for (let y = border; y < cells - border; y++) {
      for (let x = border; x < cells - border; x++) {
        const value = from[(c * cells + y) * cells + x] ?? 0;
        sum += value;
        square += value * value;
      }
    }
    mean[c] = sum / count;
    deviation[c] = Math.sqrt(Math.max(0, square / count - (sum / count) ** 2)) + 1e-3;
  }
  return { mean, deviation };
}
