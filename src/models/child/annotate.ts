import type { Box } from '../../image.ts';
import type { Mark } from '../model.ts';
import { write } from './glyphs.ts';
import { drawOver, type PixelSize } from './picture.ts';
import type { Pixels } from './resize.ts';

/** Smaller pictures are enlarged so that a label can be read; greater ones reduced to what a screen shows. */
const leastSide = 320;
const greatestSide = 1920;

const tones: Readonly<Record<Mark['tone'], { readonly fill: string; readonly ink: string }>> = {
  ok: { fill: '#1a7f37', ink: '#ffffff' },
  warn: { fill: '#e6a700', ink: '#000000' },
  alarm: { fill: '#cf222e', ink: '#ffffff' },
};

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

/** The marks as an SVG of that size. Text becomes strokes here: whatever a label holds, it is no markup. */
export function drawMarks(marks: readonly Mark[], size: PixelSize): string {
  // Letters grow slower than the picture: 10 pixels for capitals at 320, 26 at 1920.
  const unit = 1.75 * Math.sqrt(Math.max(leastSide, Math.max(size.width, size.height)) / leastSide);
  let below = 0;
  const drawn = marks.map((mark) => {
    if (mark.heat) return heatOf(mark.heat, mark.box ?? { x: 0, y: 0, width: 1, height: 1 }, size);
    if (mark.box)
      return frame(mark, mark.box, unit, size) + label(mark, corner(mark.box, unit, size), unit, size);
    const at = { x: 0, y: below };
    below += lineHeight * unit;
    return label(mark, at, unit, size);
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${size.width}" height="${size.height}">${drawn.join('')}</svg>`;
}

/** In units of the letters: a padding of 2 around what reaches from 0 to 8. */
const lineHeight = 12;
const padding = 2;

function frame({ tone }: Mark, box: Box, unit: number, { width, height }: PixelSize): string {
  const [x, y, w, h] = [box.x * width, box.y * height, box.width * width, box.height * height].map(round);
  return `<rect x="${x}" y="${y}" width="${w}" height="${h}" fill="none" stroke="${tones[tone].fill}" stroke-width="${round(unit * 1.2)}"/>`;
}

/** Cells a side that are drawn at most: of a finer map only each so manieth, which a person does not see. */
const mostCells = 64;
/** Below it nothing is drawn: the part should be seen, and not a veil. */
const leastHeat = 77;

function heatOf(heat: NonNullable<Mark['heat']>, box: Box, { width, height }: PixelSize): string {
  const step = Math.max(1, Math.ceil(Math.max(heat.width, heat.height) / mostCells));
  const [cellWidth, cellHeight] = [(box.width * width) / heat.width, (box.height * height) / heat.height];
  const cells: string[] = [];
  for (let y = 0; y < heat.height; y += step) {
    for (let x = 0; x < heat.width; x += step) {
      const level = heat.data[y * heat.width + x] ?? 0;
      if (level < leastHeat) continue;
      const [left, top] = [box.x * width + x * cellWidth, box.y * height + y * cellHeight].map(round);
      const hue = Math.round(60 - (60 * level) / 255);
      cells.push(
        `<rect x="${left}" y="${top}" width="${round(cellWidth * step)}" height="${round(cellHeight * step)}" ` +
          `fill="hsl(${hue},100%,50%)" fill-opacity="${round((0.5 * level) / 255)}"/>`,
      );
    }
  }
  return cells.join('');
}

/** Above the box where there is room, else inside it. */
function corner(box: Box, unit: number, { width, height }: PixelSize) {
  const top = box.y * height;
  const room = lineHeight * unit;
  return { x: Math.max(0, box.x * width), y: Math.max(0, top >= room ? top - room : top) };
}

function label(
  { label: text, tone }: Mark,
  at: { x: number; y: number },
  unit: number,
  size: PixelSize,
): string {
  if (text === '') return '';
  const { path, width } = write(text, size.width / unit - 2 * padding);
  const x = Math.max(0, Math.min(at.x, size.width - (width + 2 * padding) * unit));
  const { fill, ink } = tones[tone];
  return (
    `<g transform="translate(${round(x)} ${round(at.y)}) scale(${round(unit)})">` +
    `<rect width="${round(width + 2 * padding)}" height="${lineHeight}" fill="${fill}"/>` +
    `<path transform="translate(${padding} ${padding})" d="${path}" fill="none" stroke="${ink}" stroke-width="0.9" stroke-linecap="round" stroke-linejoin="round"/>` +
    '</g>'
  );
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
