import type { Box } from '../../image.ts';
import type { PictureInput } from '../manifest.ts';
import { average, isReduced } from './average.ts';
import { type Axis, axis, type Placement, placement, type Target } from './placement.ts';

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

/** The geometry of one picture, made for the kernels: how to walk the source and where to write. */
interface Walk {
  readonly data: Uint8Array;
  readonly columns: Axis;
  readonly rows: Axis;
  readonly out: Uint8Array;
  /** Index in `out` of the first byte, and how far apart rows are. */
  readonly start: number;
  readonly step: number;
}

const whole: Box = { x: 0, y: 0, width: 1, height: 1 };
const defaultPad = 114;

/**
 * Scale a region of `pixels` to the target and write it to `out` from `at`: `[height, width, channels]`
 * uint8 in the target's colour order.
 *
 * Bilinear with half-pixel centres and no smoothing beforehand, as `tf.image.resize`, `cv2.INTER_LINEAR`
 * and ONNX `Resize` (`linear`, `half_pixel`) do by default: nets have been trained on that. It reads four
 * pixels for each target pixel however strong the reduction, so fine detail of pictures many times the size
 * of the net's input is lost, unless the target says `antialias`. Within one level of the exact result.
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
  const size = target.width * target.height * channels;
  if (isCopy(pixels, place, target)) {
    out.set(pixels.data.subarray(0, size), at);
    return;
  }
  const { left, top, width, height, outWidth, outHeight } = place;
  if (outWidth * outHeight < target.width * target.height) out.fill(target.pad ?? defaultPad, at, at + size);
  if (target.antialias && isReduced(place)) {
    const order = channels === 3 ? channelOrder(pixels, target) : rgbOrder(pixels);
    average(pixels, place, target, order, out, at);
    return;
  }
  const walk = {
    data: pixels.data,
    columns: axis(pixels.width, left, width, outWidth, pixels.stride),
    rows: axis(pixels.height, top, height, outHeight, pixels.width * pixels.stride),
    out,
    start: at + (place.atY * target.width + place.atX) * channels,
    step: target.width * channels,
  };
  if (channels === 3) toColour(walk, channelOrder(pixels, target));
  else if (pixels.colour === 'grey') greyToGrey(walk);
  else colourToGrey(walk, pixels.colour === 'bgr' ? 2 : 0);
}

function isCopy(pixels: Pixels, place: Placement, target: Target): boolean {
  return (
    pixels.colour === target.colour &&
    pixels.stride === (target.colour === 'grey' ? 1 : 3) &&
    pixels.width === target.width &&
    pixels.height === target.height &&
    place.outWidth === target.width &&
    place.outHeight === target.height &&
    place.width === target.width &&
    place.height === target.height
  );
}

/** Where in a source pixel the first, second and third channel of the target stand. */
function channelOrder(pixels: Pixels, target: Target): readonly [number, number, number] {
  if (pixels.colour === 'grey') return [0, 0, 0];
  return pixels.colour === target.colour ? [0, 1, 2] : [2, 1, 0];
}

/** Where red, green and blue stand. */
function rgbOrder({ colour }: Pixels): readonly [number, number, number] {
  if (colour === 'grey') return [0, 0, 0];
  return colour === 'rgb' ? [0, 1, 2] : [2, 1, 0];
}

function toColour(
  { data, columns, rows, out, start, step }: Walk,
  [c0, c1, c2]: readonly [number, number, number],
) {
  for (let y = 0; y < rows.share.length; y++) {
    const row0 = rows.lower[y] ?? 0;
    const row1 = rows.upper[y] ?? 0;
    const down = rows.share[y] ?? 0;
    for (let x = 0, to = start + y * step; x < columns.share.length; x++, to += 3) {
      const left = columns.lower[x] ?? 0;
      const right = columns.upper[x] ?? 0;
      const across = columns.share[x] ?? 0;
      out[to] = mix(data, row0 + c0, row1 + c0, left, right, across, down);
      out[to + 1] = mix(data, row0 + c1, row1 + c1, left, right, across, down);
      out[to + 2] = mix(data, row0 + c2, row1 + c2, left, right, across, down);
    }
  }
}

function greyToGrey({ data, columns, rows, out, start, step }: Walk): void {
  for (let y = 0; y < rows.share.length; y++) {
    const row0 = rows.lower[y] ?? 0;
    const row1 = rows.upper[y] ?? 0;
    const down = rows.share[y] ?? 0;
    for (let x = 0, to = start + y * step; x < columns.share.length; x++, to++) {
      const left = columns.lower[x] ?? 0;
      const right = columns.upper[x] ?? 0;
      out[to] = mix(data, row0, row1, left, right, columns.share[x] ?? 0, down);
    }
  }
}

/** Luma of ITU-R BT.601, the grey of JPEG: `0.299 R + 0.587 G + 0.114 B`. */
function colourToGrey({ data, columns, rows, out, start, step }: Walk, red: 0 | 2): void {
  const blue = 2 - red;
  for (let y = 0; y < rows.share.length; y++) {
    const row0 = rows.lower[y] ?? 0;
    const row1 = rows.upper[y] ?? 0;
    const down = rows.share[y] ?? 0;
    for (let x = 0, to = start + y * step; x < columns.share.length; x++, to++) {
      const left = columns.lower[x] ?? 0;
      const right = columns.upper[x] ?? 0;
      const across = columns.share[x] ?? 0;
      const r = mix(data, row0 + red, row1 + red, left, right, across, down);
      const g = mix(data, row0 + 1, row1 + 1, left, right, across, down);
      const b = mix(data, row0 + blue, row1 + blue, left, right, across, down);
      out[to] = (19595 * r + 38470 * g + 7471 * b + 32768) >> 16;
    }
  }
}

/**
 * Four pixels to one, with shares of 11 bits. The kernels are plain loops over typed arrays around this one
 * call, which V8 inlines: their speed rests on that.
 */
function mix(
  data: Uint8Array,
  row0: number,
  row1: number,
  left: number,
  right: number,
  across: number,
  down: number,
): number {
  const a = data[row0 + left] ?? 0;
  const c = data[row1 + left] ?? 0;
  const above = (a << 11) + Math.imul((data[row0 + right] ?? 0) - a, across);
  const below = (c << 11) + Math.imul((data[row1 + right] ?? 0) - c, across);
  return ((above << 11) + Math.imul(below - above, down) + (1 << 21)) >> 22;
}
