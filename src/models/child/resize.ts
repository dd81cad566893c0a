import type { Box } from '../../image.ts';
import type { PictureInput } from '../manifest.ts';

/** Decoded pixels, row by row without gaps. */
export interface Pixels {
  /** `[height, width, stride]` uint8 */
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
  /** Bytes a pixel. What exceeds the channels of `colour` (alpha) is skipped. */
  readonly stride: 1 | 2 | 3 | 4;
  readonly colour: PictureInput['colour'];
}

/** Which part of the source lands on which part of the target, in pixels; the source may start between two. */
interface Placement {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly atX: number;
  readonly atY: number;
  readonly outWidth: number;
  readonly outHeight: number;
}

/** The two source pixels that each target pixel mixes, as byte offsets, and the share of the second. */
interface Axis {
  readonly lower: Int32Array;
  readonly upper: Int32Array;
  /** In 1/2048. */
  readonly share: Int32Array;
}

/** Shares are fixed-point numbers of 11 bits: two of them and a byte fit into 30 bits. */
const one = 2048;
const half = 1 << 21;
const shift = 22;
const whole: Box = { x: 0, y: 0, width: 1, height: 1 };

type Target = Pick<PictureInput, 'width' | 'height' | 'colour' | 'resize' | 'pad'>;

/**
 * Scale a region of `pixels` to the target and write it to `out` from `at`: `[height, width, channels]`
 * uint8 in the target's colour order.
 *
 * Bilinear with half-pixel centres and no smoothing beforehand, as `tf.image.resize`, `cv2.INTER_LINEAR`
 * and ONNX `Resize` (`linear`, `half_pixel`) do by default: nets have been trained on that. It reads four
 * pixels for each target pixel however strong the reduction, so a camera that sends many times the size
 * of the net's input loses fine detail; let it send less. Within one level of the exact result.
 */
export function resize(
  pixels: Pixels,
  region: Box | undefined,
  target: Target,
  out: Uint8Array,
  at: number,
): void {
  const place = placement(pixels, region ?? whole, target);
  const channels = target.colour === 'grey' ? 1 : 3;
  if (isCopy(pixels, place, target)) {
    out.set(pixels.data.subarray(0, target.width * target.height * channels), at);
    return;
  }
  if (place.outWidth < target.width || place.outHeight < target.height) {
    out.fill(target.pad ?? 114, at, at + target.width * target.height * channels);
  }
  const columns = axis(pixels.width, place.left, place.width, place.outWidth, pixels.stride);
  const rows = axis(pixels.height, place.top, place.height, place.outHeight, pixels.width * pixels.stride);
  const start = at + (place.atY * target.width + place.atX) * channels;
  const step = target.width * channels;
  if (channels === 3) toColour(pixels, columns, rows, channelOrder(pixels, target), out, start, step);
  else if (pixels.colour === 'grey') greyToGrey(pixels.data, columns, rows, out, start, step);
  else colourToGrey(pixels, columns, rows, out, start, step);
}

function isCopy(pixels: Pixels, place: Placement, target: Target): boolean {
  return (
    pixels.colour === target.colour &&
    pixels.stride === (target.colour === 'grey' ? 1 : 3) &&
    place.outWidth === target.width &&
    place.outHeight === target.height &&
    pixels.width === target.width &&
    pixels.height === target.height &&
    place.width === target.width &&
    place.height === target.height
  );
}

/**
 * `fill` stretches the region; `cover` cuts it, centred, to the target's shape; `contain` fits all of it
 * between bars.
 */
function placement(pixels: Pixels, region: Box, { width, height, resize }: Target): Placement {
  const left = region.x * pixels.width;
  const top = region.y * pixels.height;
  const across = region.width * pixels.width;
  const down = region.height * pixels.height;
  if (resize === 'contain') {
    const scale = Math.min(width / across, height / down);
    const outWidth = Math.max(1, Math.min(width, Math.round(across * scale)));
    const outHeight = Math.max(1, Math.min(height, Math.round(down * scale)));
    const atX = (width - outWidth) >> 1;
    const atY = (height - outHeight) >> 1;
    return { left, top, width: across, height: down, atX, atY, outWidth, outHeight };
  }
  const scale = Math.max(width / across, height / down);
  const seenWidth = resize === 'cover' ? width / scale : across;
  const seenHeight = resize === 'cover' ? height / scale : down;
  return {
    left: left + (across - seenWidth) / 2,
    top: top + (down - seenHeight) / 2,
    width: seenWidth,
    height: seenHeight,
    atX: 0,
    atY: 0,
    outWidth: width,
    outHeight: height,
  };
}

/** Target pixel `i` has its centre at `start + (i + 0.5) * length / count` of the source. */
function axis(size: number, start: number, length: number, count: number, stride: number): Axis {
  const lower = new Int32Array(count);
  const upper = new Int32Array(count);
  const share = new Int32Array(count);
  // A box of floating-point numbers may end a hair beyond the pixel that it means.
  const first = Math.min(size - 1, Math.max(0, Math.floor(start + 1e-6)));
  const last = Math.max(first, Math.min(size - 1, Math.ceil(start + length - 1e-6) - 1));
  const scale = length / count;
  for (let i = 0; i < count; i++) {
    const centre = Math.min(last, Math.max(first, start + (i + 0.5) * scale - 0.5));
    const low = Math.floor(centre);
    lower[i] = low * stride;
    upper[i] = Math.min(low + 1, last) * stride;
    share[i] = Math.round((centre - low) * one);
  }
  return { lower, upper, share };
}

/** Where in a source pixel the first, second and third channel of the target stand. */
function channelOrder(pixels: Pixels, target: Target): readonly [number, number, number] {
  if (pixels.colour === 'grey') return [0, 0, 0];
  return pixels.colour === target.colour ? [0, 1, 2] : [2, 1, 0];
}

function toColour(
  { data }: Pixels,
  columns: Axis,
  rows: Axis,
  [c0, c1, c2]: readonly [number, number, number],
  out: Uint8Array,
  start: number,
  step: number,
): void {
  for (let y = 0; y < rows.share.length; y++) {
    const row0 = rows.lower[y] ?? 0;
    const row1 = rows.upper[y] ?? 0;
    const w1 = rows.share[y] ?? 0;
    for (let x = 0, to = start + y * step; x < columns.share.length; x++, to += 3) {
      const left = columns.lower[x] ?? 0;
      const right = columns.upper[x] ?? 0;
      const v1 = columns.share[x] ?? 0;
      out[to] = mix(data, row0 + c0, row1 + c0, left, right, v1, w1);
      out[to + 1] = mix(data, row0 + c1, row1 + c1, left, right, v1, w1);
      out[to + 2] = mix(data, row0 + c2, row1 + c2, left, right, v1, w1);
    }
  }
}

function greyToGrey(
  data: Uint8Array,
  columns: Axis,
  rows: Axis,
  out: Uint8Array,
  start: number,
  step: number,
): void {
  for (let y = 0; y < rows.share.length; y++) {
    const row0 = rows.lower[y] ?? 0;
    const row1 = rows.upper[y] ?? 0;
    const w1 = rows.share[y] ?? 0;
    for (let x = 0, to = start + y * step; x < columns.share.length; x++, to++) {
      const v1 = columns.share[x] ?? 0;
      const left = columns.lower[x] ?? 0;
      const right = columns.upper[x] ?? 0;
      out[to] = mix(data, row0, row1, left, right, v1, w1);
    }
  }
}

/** Luma of ITU-R BT.601, the grey of JPEG: `0.299 R + 0.587 G + 0.114 B`. */
function colourToGrey(
  { data, colour }: Pixels,
  columns: Axis,
  rows: Axis,
  out: Uint8Array,
  start: number,
  step: number,
): void {
  const red = colour === 'bgr' ? 2 : 0;
  const blue = 2 - red;
  for (let y = 0; y < rows.share.length; y++) {
    const row0 = rows.lower[y] ?? 0;
    const row1 = rows.upper[y] ?? 0;
    const w1 = rows.share[y] ?? 0;
    for (let x = 0, to = start + y * step; x < columns.share.length; x++, to++) {
      const v1 = columns.share[x] ?? 0;
      const v = [columns.lower[x] ?? 0, columns.upper[x] ?? 0, v1, w1] as const;
      out[to] =
        (19595 * mix(data, row0 + red, row1 + red, ...v) +
          38470 * mix(data, row0 + 1, row1 + 1, ...v) +
          7471 * mix(data, row0 + blue, row1 + blue, ...v) +
          32768) >>
        16;
    }
  }
}

/** Small enough that V8 inlines it: the kernel's speed rests on that. */
function mix(
  data: Uint8Array,
  row0: number,
  row1: number,
  left: number,
  right: number,
  v1: number,
  w1: number,
): number {
  const a = data[row0 + left] ?? 0;
  const c = data[row1 + left] ?? 0;
  const above = (a << 11) + Math.imul((data[row0 + right] ?? 0) - a, v1);
  const below = (c << 11) + Math.imul((data[row1 + right] ?? 0) - c, v1);
  return ((above << 11) + Math.imul(below - above, w1) + half) >> shift;
}
