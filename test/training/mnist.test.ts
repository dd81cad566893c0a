import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { idx } from '../../scripts/mnist-folder.ts';
import { readMnist } from '../../src/training/mnist.ts';
import { pick, scaled, slice } from '../../src/training/pictures.ts';
import { scratch } from './mnist-files.ts';

const pixels = Uint8Array.from({ length: 3 * 784 }, (_, i) => i % 251);
const images = idx([3, 28, 28], pixels);
const labels = idx([3], Uint8Array.of(7, 0, 9));

async function folderOf(first: Uint8Array, second: Uint8Array): Promise<string> {
  const folder = await scratch();
  await writeFile(join(folder, 't10k-images-idx3-ubyte.gz'), first);
  await writeFile(join(folder, 't10k-labels-idx1-ubyte.gz'), second);
  return folder;
}

it('digits are read as they are in the files', async () => {
  const digits = await readMnist(await folderOf(gzipSync(images), gzipSync(labels)), 't10k');
  expect(digits.count).toBe(3);
  expect(Buffer.from(digits.pixels)).toEqual(Buffer.from(pixels));
  expect([...digits.labels]).toEqual([7, 0, 9]);
});

it('digits can be sliced, picked and scaled', async () => {
  const digits = await readMnist(await folderOf(gzipSync(images), gzipSync(labels)), 't10k');
  const last = slice(digits, 2, 100);
  expect(last).toMatchObject({ count: 1, labels: Uint16Array.of(9) });
  expect(pick(digits, Uint32Array.of(2, 0))).toEqual({
    count: 2,
    height: 28,
    width: 28,
    channels: 1,
    pixels: Uint8Array.from([...pixels.subarray(2 * 784), ...pixels.subarray(0, 784)]),
    labels: Uint16Array.of(9, 7),
  });
  expect(scaled(last)).toEqual(Float32Array.from(pixels.subarray(2 * 784), (byte) => byte / 255));
});

it.each([
  ['no gzip', images, gzipSync(labels)],
  ['another magic number', gzipSync(labels), gzipSync(labels)],
  ['pictures of another size', gzipSync(idx([3, 28, 27], pixels)), gzipSync(labels)],
  ['a file cut short', gzipSync(images.subarray(0, -1)), gzipSync(labels)],
  ['a header cut short', gzipSync(images.subarray(0, 9)), gzipSync(labels)],
  ['fewer labels than pictures', gzipSync(images), gzipSync(idx([2], Uint8Array.of(1, 2)))],
])('%s is refused', async (_, first, second) => {
  const folder = await folderOf(first, second);
  await expect(readMnist(folder, 't10k')).rejects.toMatchObject({ code: 'DATASET_INVALID' });
});

it('a folder without digits is refused with the file that is missing', async () => {
  await expect(readMnist('/nowhere', 'train')).rejects.toMatchObject({
    code: 'DATASET_INVALID',
    message: expect.stringContaining('train-images-idx3-ubyte.gz'),
  });
});
