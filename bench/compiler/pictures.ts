import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sniffFormat } from '../../src/image.ts';
import { decode } from '../../src/models/child/decode.ts';
import { type Pixels, resize } from '../../src/models/child/resize.ts';

export const shared = fileURLToPath(new URL('../../../shared/', import.meta.url));

export const model = (name: string): string => join(shared, 'models', name);

export interface Size {
  readonly width: number;
  readonly height: number;
  readonly resize: 'fill' | 'contain';
}

/** `[1, height, width, 3]` uint8, as a model's process would make it of the file. */
export interface Picture {
  readonly type: 'uint8';
  readonly dims: readonly [number, number, number, number];
  readonly data: Uint8Array;
}

export async function pictureOf(path: string, size: Size): Promise<Picture> {
  const data = await readFile(path);
  const pixels = path.endsWith('.pgm') ? greyMap(data) : await decoded(data, path);
  return scaled(pixels, size);
}

async function decoded(data: Buffer, path: string): Promise<Pixels> {
  const format = sniffFormat(data);
  if (format === undefined) throw new TypeError(`Expected a picture but received ${path}`);
  return decode({ data, format, raw: undefined, region: undefined }, 'rgb', 2 ** 26);
}

function scaled(pixels: Pixels, size: Size): Picture {
  const { width, height } = size;
  const bytes = new Uint8Array(width * height * 3);
  resize(pixels, undefined, { ...size, colour: 'rgb' }, bytes, 0);
  return { type: 'uint8', dims: [1, height, width, 3], data: bytes };
}

/** The binary form of PGM with 256 levels and no comments. */
function greyMap(file: Buffer): Pixels {
  const header = /^P5\s+(\d+)\s+(\d+)\s+255\s/.exec(file.toString('latin1', 0, 64));
  if (header === null) throw new TypeError('Expected a grey map but received another file');
  const [width, height] = [Number(header[1]), Number(header[2])];
  const data = file.subarray(header[0].length, header[0].length + width * height);
  return { data, width, height, stride: 1, colour: 'grey' };
}

/** COCO photographs in the order of their names, and whether a person is on them. */
export async function photographs(): Promise<{ path: string; person: boolean }[]> {
  const folder = join(shared, 'data/coco-people');
  const names = (await readdir(join(folder, 'images'))).sort();
  return Promise.all(
    names.map(async (name) => {
      const label = join(folder, 'labels', name.replace(/\.jpg$/, '.txt'));
      const boxes = await readFile(label, 'utf8').catch(() => '');
      return { path: join(folder, 'images', name), person: /^0 /m.test(boxes) };
    }),
  );
}

/** ORL faces, person by person. */
export async function faces(): Promise<{ path: string; person: string }[]> {
  const folder = join(shared, 'data/faces-orl');
  const natural = new Intl.Collator('en', { numeric: true }).compare;
  const people = (await readdir(folder)).sort(natural);
  const lists = people.map(async (person) => {
    const names = (await readdir(join(folder, person))).filter((name) => name.endsWith('.pgm')).sort(natural);
    return names.map((name) => ({ path: join(folder, person, name), person }));
  });
  return (await Promise.all(lists)).flat();
}
