import type { Landmarks } from '../../image.ts';
import type { PixelSize } from './picture.ts';
import type { Target } from './placement.ts';
import type { Pixels } from './resize.ts';

/** From a pixel `(x, y)` of the target to the source: `(a x - b y + left, b x + a y + top)`. */
export interface Similarity {
  readonly a: number;
  readonly b: number;
  readonly left: number;
  readonly top: number;
}

/**
 * The turn, scale and shift that bring the landmarks that both know closest to where they should stand, by least
 * squares (Umeyama, 1991, without reflection). `undefined` for fewer than two, or all in one place.
 */
export function similarity(
  wanted: Readonly<Record<string, readonly number[]>>,
  found: Landmarks,
  target: PixelSize,
  source: PixelSize,
): Similarity | undefined {
  const pairs = Object.entries(wanted).flatMap(([name, [x = 0, y = 0]]) => {
    const to = found[name];
    if (!to) return [];
    return [[x * target.width, y * target.height, to.x * source.width, to.y * source.height] as const];
  });
  const mean = (k: 0 | 1 | 2 | 3) => pairs.reduce((sum, pair) => sum + pair[k], 0) / pairs.length;
  const [px, py, qx, qy] = [mean(0), mean(1), mean(2), mean(3)];
  let [along, across, spread] = [0, 0, 0];
  for (const [x, y, u, v] of pairs) {
    along += (x - px) * (u - qx) + (y - py) * (v - qy);
    across += (x - px) * (v - qy) - (y - py) * (u - qx);
    spread += (x - px) ** 2 + (y - py) ** 2;
  }
  const [a, b] = [along / spread, across / spread];
  if (pairs.length < 2 || !(a * a + b * b > 0)) return undefined;
  return { a, b, left: qx - (a * px - b * py), top: qy - (b * px + a * py) };
}

/** Bilinear with half-pixel centres, as `resize`; what lies outside the picture repeats its edge. */
export function warp(pixels: Pixels, turn: Similarity, target: Target, out: Uint8Array, at: number): void {
  const { a, b, left, top } = turn;
  const { width, height, stride, data } = pixels;
  const channels = channelsOf(pixels, target);
  const grey = target.colour === 'grey';
  let to = at;
  for (let row = 0; row < target.height; row++) {
    for (let column = 0; column < target.width; column++) {
      const [x, y] = [column + 0.5, row + 0.5];
      const u = Math.min(width - 1, Math.max(0, a * x - b * y + left - 0.5));
      const v = Math.min(height - 1, Math.max(0, b * x + a * y + top - 0.5));
      const [x0, y0] = [Math.floor(u), Math.floor(v)];
      const [across, down] = [u - x0, v - y0];
      const first = (y0 * width + x0) * stride;
      const right = x0 < width - 1 ? stride : 0;
      const below = y0 < height - 1 ? width * stride : 0;
      let sum = 0;
      for (const [channel, weight] of channels) {
        const from = first + channel;
        const p = data[from] ?? 0;
        const q = data[from + below] ?? 0;
        const upper = p + ((data[from + right] ?? 0) - p) * across;
        const lower = q + ((data[from + below + right] ?? 0) - q) * across;
        const value = upper + (lower - upper) * down;
        if (grey) sum += value * weight;
        else out[to++] = Math.round(value);
      }
      if (grey) out[to++] = Math.round(sum);
    }
  }
}

/** The source channel of each channel of the target; for grey, with its share of luma (ITU-R BT.601). */
function channelsOf({ colour }: Pixels, target: Target): readonly (readonly [number, number])[] {
  const first =
    target.colour === 'grey'
      ? ([[0, 1]] as const)
      : ([
          [0, 1],
          [0, 1],
          [0, 1],
        ] as const);
  if (colour === 'grey') return first;
  const inOrder = [
    [0, 0.299],
    [1, 0.587],
    [2, 0.114],
  ] as const;
  const reversed = [
    [2, 0.299],
    [1, 0.587],
    [0, 0.114],
  ] as const;
  if (target.colour === 'grey') return colour === 'rgb' ? inOrder : reversed;
  return colour === target.colour ? inOrder : reversed;
}
