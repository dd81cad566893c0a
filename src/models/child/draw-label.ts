import type { Mark } from '../model.ts';
import { write } from './glyphs.ts';
import type { PixelSize } from './picture.ts';

/** In units of the letters: a padding of 2 around what reaches from 0 to 8. */
const lineHeight = 12;
const padding = 2;

/** A label at its place, in pixels. */
export interface Label {
  readonly path: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Finds a place for each label of a picture at which it hides none that came before. */
export class Labels {
  readonly #size: PixelSize;
  readonly #unit: number;
  readonly #placed: Label[] = [];

  constructor(size: PixelSize, unit: number) {
    this.#size = size;
    this.#unit = unit;
  }

  /** `undefined` for a mark without text. */
  place(mark: Mark): Label | undefined {
    if (mark.label === '') return undefined;
    const { path, width: units } = write(mark.label, this.#size.width / this.#unit - 2 * padding);
    const [width, height] = [(units + 2 * padding) * this.#unit, lineHeight * this.#unit];
    const wishes = this.#wishes(mark, height).map(([x, y]) => ({
      path,
      x: Math.max(0, Math.min(x, this.#size.width - width)),
      y: Math.max(0, Math.min(y, this.#size.height - height)),
      width,
      height,
    }));
    const free = wishes.find((label) => !this.#placed.some((other) => overlap(label, other))) ?? wishes[0];
    if (free) this.#placed.push(free);
    return free;
  }

  /** The best first; then line by line down from there. */
  #wishes({ box, outline }: Mark, height: number): (readonly [number, number])[] {
    const { width: w, height: h } = this.#size;
    if (outline) {
      // In the lowest corner: the labels of those who stand in it are at their heads.
      const [x, y] = outline.reduce((low, corner) => (corner[1] > low[1] ? corner : low));
      return Array.from({ length: rows }, (_, i) => [x * w, y * h - (i + 1) * height] as const);
    }
    if (!box) return Array.from({ length: rows }, (_, i) => [0, i * height] as const);
    const [x, top] = [box.x * w, box.y * h];
    const first = top >= height ? top - height : top;
    const inside = Array.from({ length: rows }, (_, i) => [x, top + i * height] as const);
    return [[x, first], ...inside];
  }
}

/** Lines that are tried before a label is written over another. */
const rows = 12;

function overlap(a: Label, b: Label): boolean {
  // What touches does not overlap, whatever the rounding.
  const hair = 0.01;
  return (
    a.x + a.width > b.x + hair &&
    b.x + b.width > a.x + hair &&
    a.y + a.height > b.y + hair &&
    b.y + b.height > a.y + hair
  );
}

/** As strokes of `ink` on a ground of `fill`. */
export function drawLabel(
  { path, x, y, width, height }: Label,
  { fill, ink }: { readonly fill: string; readonly ink: string },
  unit: number,
): string {
  return (
    `<g transform="translate(${round(x)} ${round(y)}) scale(${round(unit)})">` +
    `<rect width="${round(width / unit)}" height="${round(height / unit)}" fill="${fill}"/>` +
    `<path transform="translate(${padding} ${padding})" d="${path}" fill="none" stroke="${ink}" stroke-width="0.9" stroke-linecap="round" stroke-linejoin="round"/>` +
    '</g>'
  );
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
