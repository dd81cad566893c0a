import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { GatewayError } from '../errors.ts';
import type { Pictures } from './pictures.ts';

/** Height and width of an MNIST digit. */
export const side = 28;
const area = side * side;

/** Far over the 47 MB of the training digits, far under what would hurt. */
const maxBytes = 2 ** 28;

/**
 * Read one part of MNIST, `train` (60,000) or `t10k` (10,000), from a folder with the four files as
 * they are published (http://yann.lecun.com/exdb/mnist/, "THE IDX FILE FORMAT").
 * @throws DATASET_INVALID if a file is missing, damaged or of another shape.
 */
export async function readMnist(folder: string, part: 'train' | 't10k'): Promise<Pictures> {
  const pixels = await readIdx(join(folder, `${part}-images-idx3-ubyte.gz`), [side, side]);
  const labels = await readIdx(join(folder, `${part}-labels-idx1-ubyte.gz`), []);
  const count = labels.length;
  if (pixels.length !== count * area) throw invalid(`${count} pictures`, folder, `${pixels.length / area}`);
  return { count, height: side, width: side, channels: 1, pixels, labels: Uint16Array.from(labels) };
}

/** The bytes of an idx file whose items have the shape `item`. */
async function readIdx(path: string, item: readonly number[]): Promise<Uint8Array> {
  const data = await readFile(path)
    .then((file) => promisify(gunzip)(file, { maxOutputLength: maxBytes }))
    .catch((cause: unknown) => {
      throw new GatewayError('DATASET_INVALID', `Expected a gzip file of digits for ${path} but found none`, {
        cause,
      });
    });
  const header = 4 + 4 * (1 + item.length);
  // Two zeros, the type (8: unsigned byte), the number of dimensions; then each size, all big-endian.
  const magic = (8 << 8) | (1 + item.length);
  if (data.length < header || data.readUInt32BE(0) !== magic) throw invalid('an idx file', path, 'another');
  for (const [i, size] of item.entries()) {
    const found = data.readUInt32BE(8 + 4 * i);
    if (found !== size) throw invalid(`items of ${item.join(' × ')}`, path, `a size of ${found}`);
  }
  const bytes = item.reduce((product, size) => product * size, data.readUInt32BE(4));
  if (data.length !== header + bytes) throw invalid(`${bytes} bytes`, path, `${data.length - header}`);
  return new Uint8Array(data.buffer, data.byteOffset + header, bytes);
}

function invalid(expected: string, what: string, received: string): GatewayError {
  return new GatewayError('DATASET_INVALID', `Expected ${expected} for ${what} but received ${received}`);
}
