import type { Box } from '../../image.ts';
import type { Mark } from '../model.ts';
import { drawLabel, Labels } from './draw-label.ts';
import type { PixelSize } from './picture.ts';

interface Colours {
  readonly fill: string;
  readonly ink: string;
  /** How much of what lies inside an outline is covered. */
  readonly cover: number;
}

const tones: Readonly<Record<Mark['tone'], Colours>> = {
  ok: { fill: '#1a7f37', ink: '#ffffff', cover: 0 },
  warn: { fill: '#e6a700', ink: '#000000', cover: 0 },
  alarm: { fill: '#cf222e', ink: '#ffffff', cover: 0 },
  zone: { fill: '#0969da', ink: '#ffffff', cover: 0.12 },
  mask: { fill: '#24292f', ink: '#ffffff', cover: 0.5 },
};

/** Letters are as they are up to this side, and then grow slower than the picture: 10 pixels there, 26 at 1920. */
const plainSide = 320;

/**
 * The marks as an SVG of that size: first what is painted on areas, then outlines and boxes, then the labels, which
 * nothing may cross. Text becomes strokes here: whatever a label holds, it is no markup.
 */
export function drawMarks(marks: readonly Mark[], size: PixelSize): string {
  const unit = 1.75 * Math.sqrt(Math.max(plainSide, size.width, size.height) / plainSide);
  const areas = marks.map((mark) => area(mark, size));
  const lines = marks.map((mark) => line(mark, unit, size));
  const labels = new Labels(size, unit);
  const written = marks.map((mark) => {
    const writing = mark.heat ? undefined : labels.place(mark);
    return writing ? drawLabel(writing, tones[mark.tone], unit) : '';
  });
  const all = [...areas, ...lines, ...written].join('');
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${size.width}" height="${size.height}">${all}</svg>`;
}

function area({ heat, outline, tone, box = { x: 0, y: 0, width: 1, height: 1 } }: Mark, size: PixelSize) {
  if (heat) return heatOf(heat, box, size);
  const { fill, cover } = tones[tone];
  if (!outline || cover === 0) return '';
  return `<path d="${pathOf(outline, size)}" fill="${fill}" fill-opacity="${cover}"/>`;
}

function line({ heat, outline, box, tone }: Mark, unit: number, size: PixelSize): string {
  const stroke = `fill="none" stroke="${tones[tone].fill}" stroke-width="${round(unit * 1.2)}"`;
  if (outline) return `<path d="${pathOf(outline, size)}" stroke-linejoin="round" ${stroke}/>`;
  if (!box || heat) return '';
  const { width, height } = size;
  const [x, y, w, h] = [box.x * width, box.y * height, box.width * width, box.height * height].map(round);
  return `<rect x="${x}" y="${y}" width="${w}" height="${h}" ${stroke}/>`;
}

function pathOf(corners: NonNullable<Mark['outline']>, { width, height }: PixelSize): string {
  return `M${corners.map(([x, y]) => `${round(x * width)} ${round(y * height)}`).join('L')}Z`;
}

/** Most cells drawn along a side: of a finer map only every n-th, a difference that nobody sees. */
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

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
