import type { Box } from '../../image.ts';
import type { PictureInput } from '../manifest.ts';

export type Target = Pick<PictureInput, 'width' | 'height' | 'colour' | 'resize' | 'antialias' | 'pad'>;

interface Size {
  readonly width: number;
  readonly height: number;
}

/** Which part of the source lands on which part of the target, in pixels; the source may start between two. */
export interface Placement extends Size {
  readonly left: number;
  readonly top: number;
  readonly atX: number;
  readonly atY: number;
  readonly outWidth: number;
  readonly outHeight: number;
}

/** Where along one side each target pixel looks: which two source pixels it mixes, and the share of the second. */
export interface Axis {
  /** Byte offsets. */
  readonly lower: Int32Array;
  readonly upper: Int32Array;
  /** In units of 1 / `shareOne`. */
  readonly share: Int32Array;
}

/** Shares are fixed-point numbers of 11 bits: two of them and a byte fit into 30 bits. */
const shareOne = 2048;

/** A camera's frames all have one size; crops, which do not, must not fill the memory. */
const axes = new Map<string, Axis>();
const maxAxes = 64;

/** A box of floating-point numbers may end a hair beyond the pixel that it means. */
const hair = 1e-6;

/**
 * `fill` stretches the region; `cover` cuts it, centred, to the target's shape; `contain` fits all of it
 * between bars.
 */
export function placement(source: Size, region: Box, target: Target): Placement {
  const part = {
    left: region.x * source.width,
    top: region.y * source.height,
    width: region.width * source.width,
    height: region.height * source.height,
  };
  if (target.resize === 'contain') return { ...part, ...between(part, target) };
  const all = { atX: 0, atY: 0, outWidth: target.width, outHeight: target.height };
  if (target.resize === 'fill') return { ...part, ...all };
  const scale = Math.max(target.width / part.width, target.height / part.height);
  const [width, height] = [target.width / scale, target.height / scale];
  const left = part.left + (part.width - width) / 2;
  const top = part.top + (part.height - height) / 2;
  return { left, top, width, height, ...all };
}

function between(part: Size, { width, height }: Size) {
  const scale = Math.min(width / part.width, height / part.height);
  const outWidth = Math.max(1, Math.min(width, Math.round(part.width * scale)));
  const outHeight = Math.max(1, Math.min(height, Math.round(part.height * scale)));
  return { atX: (width - outWidth) >> 1, atY: (height - outHeight) >> 1, outWidth, outHeight };
}

/**
 * Half-pixel centres: target pixel `i` of `count` looks at `start + (i + 0.5) * length / count` of a side of
 * `size` pixels, `stride` bytes apart, and never beyond the pixels that the part touches.
 */
export function axis(size: number, start: number, length: number, count: number, stride: number): Axis {
  const key = `${size} ${start} ${length} ${count} ${stride}`;
  const known = axes.get(key);
  if (known) return known;
  const made = makeAxis(size, start, length, count, stride);
  if (axes.size >= maxAxes) axes.clear();
  axes.set(key, made);
  return made;
}

function makeAxis(size: number, start: number, length: number, count: number, stride: number): Axis {
  const lower = new Int32Array(count);
  const upper = new Int32Array(count);
  const share = new Int32Array(count);
  const first = Math.min(size - 1, Math.max(0, Math.floor(start + hair)));
  const last = Math.max(first, Math.min(size - 1, Math.ceil(start + length - hair) - 1));
  for (let i = 0; i < count; i++) {
    const centre = start + ((i + 0.5) * length) / count - 0.5;
    const inside = Math.min(last, Math.max(first, centre));
    const low = Math.floor(inside);
    lower[i] = low * stride;
    upper[i] = Math.min(low + 1, last) * stride;
    share[i] = Math.round((inside - low) * shareOne);
  }
  return { lower, upper, share };
}
