import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import type { Sample, Samples } from '../compiler/calibrate.ts';
import type { Value } from '../compiler/graph.ts';
import { pictureInput } from '../compiler/passes/picture-input.ts';
import { elements } from '../compiler/tensor.ts';
import { GatewayError } from '../errors.ts';
import { sniffFormat } from '../image.ts';
import { decode } from '../models/child/decode.ts';
import { resize } from '../models/child/resize.ts';
import { listFrames } from './replay-frames.ts';

export interface SampleOptions {
  readonly folder: string;
  /** At most so many, evenly over the folder. */
  readonly count: number;
  readonly resize: 'fill' | 'cover' | 'contain';
}

const maxPixels = 2 ** 26;

/** What stands in a folder as samples for a net of these inputs: pictures, or rows of numbers for signals. */
export function folderSamples(inputs: readonly Value[], options: SampleOptions): Samples {
  const [input, ...others] = inputs;
  if (input === undefined || others.length > 0) {
    throw unfit('one input', 'calibration with files', `${inputs.length}`);
  }
  return {
    [Symbol.asyncIterator]: () => (isPicture(input) ? pictures(input, options) : rows(input, options)),
  };
}

function isPicture({ type, shape, name }: Value): boolean {
  if (shape?.length !== 4) return false;
  if (type === 'uint8') return true;
  throw unfit(
    '--mean, --std or --scale (1 where bytes go in as they are)',
    `pictures for ${name}`,
    'none of them',
  );
}

async function* pictures(input: Value, options: SampleOptions): AsyncGenerator<Sample> {
  const picture = pictureInput({ inputs: [input] }, 'nhwc');
  const { width, height, channels } = picture ?? {};
  if (!width || !height) throw unfit('a fixed size of pictures', input.name, `[${input.shape}]`);
  const colour = channels === 1 ? 'grey' : 'rgb';
  for (const file of spread(await listFrames([options.folder]), options.count)) {
    const data = await readFile(file);
    const format = sniffFormat(data);
    if (format === undefined) throw unfit('JPEG, PNG or WebP', file, 'other bytes');
    const pixels = await decode({ data, format, raw: undefined, region: undefined }, colour, maxPixels);
    const bytes = new Uint8Array(width * height * (channels ?? 3));
    resize(pixels, undefined, { width, height, colour, resize: options.resize }, bytes, 0);
    yield { [input.name]: { type: 'uint8', dims: [1, height, width, channels ?? 3], data: bytes } };
  }
}

/** Rows of numbers of `.csv` files, a sample each, or of float32 after float32 in `.f32` files. */
async function* rows(input: Value, { folder, count }: SampleOptions): AsyncGenerator<Sample> {
  const dims = (input.shape ?? []).slice(1);
  if (input.type !== 'float32' || !dims.every((size) => typeof size === 'number')) {
    throw unfit(
      'an input of floats of known sizes',
      'calibration with numbers',
      `${input.type} [${input.shape}]`,
    );
  }
  const length = elements(dims as number[]);
  const files = (await readdir(folder)).filter((name) => ['.csv', '.f32'].includes(extname(name))).sort();
  if (files.length === 0) throw unfit('.csv or .f32 files', folder, 'none');
  const all: Float32Array[] = [];
  for (const name of files) {
    const data = await readFile(join(folder, name));
    all.push(
      ...(name.endsWith('.csv')
        ? rowsOfText(data.toString(), length, name)
        : rowsOfFloats(data, length, name)),
    );
  }
  for (const data of spread(all, count)) {
    yield { [input.name]: { type: 'float32', dims: [1, ...(dims as number[])], data } };
  }
}

function rowsOfText(text: string, length: number, name: string): Float32Array[] {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return lines.map((line, i) => {
    const numbers = Float32Array.from(
      line.split(/[,;\s]+/).filter((each) => each !== ''),
      Number,
    );
    if (numbers.length !== length || numbers.some(Number.isNaN)) {
      throw unfit(`${length} numbers`, `line ${i + 1} of ${name}`, `${numbers.length}, or others`);
    }
    return numbers;
  });
}

function rowsOfFloats(data: Buffer, length: number, name: string): Float32Array[] {
  if (data.length % (length * 4) !== 0)
    throw unfit(`rows of ${length * 4} bytes`, name, `${data.length} bytes`);
  const floats = new Float32Array(new Uint8Array(data).buffer);
  return Array.from({ length: floats.length / length }, (_, i) => floats.slice(i * length, (i + 1) * length));
}

function spread<T>(all: readonly T[], count: number): T[] {
  const step = Math.max(1, all.length / count);
  return Array.from({ length: Math.min(count, all.length) }, (_, i) => all[Math.floor(i * step)]).filter(
    (each) => each !== undefined,
  );
}

function unfit(expected: string, what: string, received: string): GatewayError {
  return new GatewayError('COMPILE_FAILED', `Expected ${expected} for ${what} but received ${received}`);
}
