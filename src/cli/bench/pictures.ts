import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { drawOver, type PixelSize } from '../../models/child/picture.ts';
import { listFrames } from '../replay-frames.ts';

/** What every camera sends, one after the other. */
export interface CameraPictures {
  /** For people. */
  readonly name: string;
  readonly all: readonly Uint8Array[];
}

const count = 16;
/** Of a folder: as many as a camera sends in some seconds, and no more than a small memory holds. */
const mostFiles = 128;

/** Pictures such as a camera takes, JPEG: a gradient with a sensor's noise, before which something walks. */
export async function drawnPictures(size: PixelSize): Promise<CameraPictures> {
  const all: Uint8Array[] = [];
  for (let i = 0; i < count; i++) all.push(await picture(size, i));
  return { name: `${size.width} × ${size.height}`, all };
}

/** The first pictures of a folder. @throws REQUEST_INVALID if there are none. */
export async function picturesOf(folder: string): Promise<CameraPictures> {
  const files = (await listFrames([folder])).slice(0, mostFiles);
  const all = await Promise.all(files.map((file) => readFile(file)));
  const kilobytes = all.reduce((sum, { length }) => sum + length, 0) / all.length / 1000;
  return { name: `${basename(folder)} (${all.length} pictures, ${kilobytes.toFixed(1)} kB each)`, all };
}

async function picture({ width, height }: PixelSize, step: number): Promise<Uint8Array> {
  const data = new Uint8Array(width * height * 3);
  // The generator of Numerical Recipes: the same pictures on every machine.
  let state = step + 1;
  for (let i = 0; i < data.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const [x, y] = [Math.floor(i / 3) % width, Math.floor(i / (3 * width))];
    data[i] = 60 + (x * 80) / width + (y * 80) / height + (state >>> 28);
  }
  const left = (step / count) * 0.8 * width;
  const walker = `<rect x="${left}" y="${0.3 * height}" width="${0.15 * width}" height="${0.6 * height}" fill="#204060"/>`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${walker}</svg>`;
  const pixels = { data, width, height, stride: 3, colour: 'rgb' } as const;
  return drawOver(pixels, { left: 0, top: 0, width, height }, svg, { width, height });
}
