import { readdir, readFile } from 'node:fs/promises';
import { Image } from '../../image.ts';
import { decode } from '../../models/child/decode.ts';

export interface Digit {
  /** File name. */
  readonly id: string;
  /** What the writer meant. */
  readonly label: string;
  readonly png: Buffer;
  /** Grey, 0 is the paper. */
  readonly pixels: Uint8Array;
  readonly width: number;
  readonly height: number;
}

const folder = new URL('../../../examples/digits/', import.meta.url);

/** The pictures of `examples/digits`, named `<label>-<number>.png`. */
export async function readDigits(): Promise<Digit[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.png')).sort(byNumber);
  const digits: Digit[] = [];
  for (const id of names) {
    const png = await readFile(new URL(id, folder));
    const { data, width, height, stride } = await decode(
      new Image({ data: png, format: 'png' }),
      'grey',
      1e6,
    );
    const pixels = Uint8Array.from({ length: width * height }, (_, i) => data[i * stride] ?? 0);
    digits.push({ id, label: id.slice(0, 1), png, pixels, width, height });
  }
  return digits;
}

/** By what follows the label, so that the labels come mixed. */
function byNumber(a: string, b: string): number {
  return a.slice(2).localeCompare(b.slice(2), 'en', { numeric: true }) || a.localeCompare(b);
}

/** The picture in half the lines: a block character shows two pixels, one over the other. */
export function draw({ pixels, width, height }: Digit): string[] {
  const isInk = (x: number, y: number) => (pixels[y * width + x] ?? 0) > 100;
  const lines: string[] = [];
  for (let y = 0; y < height; y += 2) {
    let line = '';
    for (let x = 0; x < width; x++)
      line += [' ', '▀', '▄', '█'][Number(isInk(x, y)) + 2 * Number(isInk(x, y + 1))];
    lines.push(line);
  }
  return lines;
}
