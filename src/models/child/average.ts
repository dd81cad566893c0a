import type { Placement, Target } from './placement.ts';
import type { Pixels } from './resize.ts';

/** A reduction by less than this leaves bilinear nothing to lose that a net would miss. */
const least = 1.5;
/** Pixels along each side that make one: more change no verdict and cost as much again. */
const most = 4;
/** As of axes: a camera's frames have one size, crops have many. */
const maxKept = 64;

/** Along one side: so many pixels of the source for each of the target, and where they stand, in bytes. */
interface Taps {
  readonly each: number;
  readonly at: Int32Array;
}

const kept = new Map<string, Taps>();

/** Whether a picture is reduced so much along both sides that it is averaged. */
export function isReduced({ width, height, outWidth, outHeight }: Placement): boolean {
  return width >= least * outWidth && height >= least * outHeight;
}

/**
 * Each target pixel is the mean of up to 4 × 4 pixels, spread evenly over what it stands for: of a reduction to a
 * quarter or more that is every pixel of it. Bilinear reads four neighbours, however much lies between.
 * @param order where in a source pixel the channels of the target stand; of a grey target red, green and blue.
 */
export function average(
  { data, width, height, stride }: Pixels,
  place: Placement,
  target: Target,
  [c0, c1, c2]: readonly [number, number, number],
  out: Uint8Array,
  at: number,
): void {
  const columns = taps(width, place.left, place.width, place.outWidth, stride);
  const rows = taps(height, place.top, place.height, place.outHeight, width * stride);
  const grey = target.colour === 'grey';
  const channels = grey ? 1 : 3;
  const share = Math.round(65536 / (columns.each * rows.each));
  for (let y = 0; y < place.outHeight; y++) {
    let to = at + ((place.atY + y) * target.width + place.atX) * channels;
    for (let x = 0; x < place.outWidth; x++, to += channels) {
      let s0 = 0;
      let s1 = 0;
      let s2 = 0;
      for (let j = y * rows.each; j < (y + 1) * rows.each; j++) {
        const row = rows.at[j] ?? 0;
        for (let i = x * columns.each; i < (x + 1) * columns.each; i++) {
          const from = row + (columns.at[i] ?? 0);
          s0 += data[from + c0] ?? 0;
          s1 += data[from + c1] ?? 0;
          s2 += data[from + c2] ?? 0;
        }
      }
      const m0 = mean(s0, share);
      const m1 = mean(s1, share);
      const m2 = mean(s2, share);
      if (grey) {
        // As in `resize`: luma of ITU-R BT.601.
        out[to] = (19595 * m0 + 38470 * m1 + 7471 * m2 + 32768) >> 16;
      } else {
        out[to] = m0;
        out[to + 1] = m1;
        out[to + 2] = m2;
      }
    }
  }
}

function mean(sum: number, share: number): number {
  return (Math.imul(sum, share) + 32768) >> 16;
}

function taps(size: number, start: number, length: number, count: number, stride: number): Taps {
  const key = `${size} ${start} ${length} ${count} ${stride}`;
  const known = kept.get(key);
  if (known) return known;
  const each = Math.min(most, Math.ceil(length / count));
  const at = Int32Array.from({ length: count * each }, (_, i) => {
    const pixel = Math.floor(start + ((i + 0.5) * length) / (count * each));
    return Math.min(size - 1, Math.max(0, pixel)) * stride;
  });
  if (kept.size >= maxKept) kept.clear();
  kept.set(key, { each, at });
  return { each, at };
}
