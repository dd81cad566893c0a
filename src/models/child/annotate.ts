import type { Box } from '../../image.ts';
import type { Mark } from '../model.ts';
import { drawMarks } from './draw-marks.ts';
import { drawOver, type PixelSize } from './picture.ts';
import type { Pixels } from './resize.ts';

/** Smaller pictures are enlarged so that a label can be read; greater ones reduced to what a screen shows. */
const leastSide = 320;
const greatestSide = 1920;

/** A JPEG of `pixels`, or of a region of them, with the marks drawn on it. Boxes are relative to the region. */
export function annotate(
  pixels: Pixels,
  region: Box | undefined,
  marks: readonly Mark[],
): Promise<Uint8Array> {
  const part = partOf(pixels, region);
  const size = drawnSize(part);
  return drawOver(pixels, part, drawMarks(marks, size), size);
}

function partOf({ width, height }: PixelSize, region: Box = { x: 0, y: 0, width: 1, height: 1 }) {
  const left = Math.min(width - 1, Math.round(region.x * width));
  const top = Math.min(height - 1, Math.round(region.y * height));
  return {
    left,
    top,
    width: Math.max(1, Math.min(width - left, Math.round(region.width * width))),
    height: Math.max(1, Math.min(height - top, Math.round(region.height * height))),
  };
}

/** Whole multiples where the picture is enlarged, so that each of its pixels stays a square. */
export function drawnSize({ width, height }: PixelSize): PixelSize {
  const longest = Math.max(width, height);
  const scale = longest < leastSide ? Math.ceil(leastSide / longest) : Math.min(1, greatestSide / longest);
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}
