import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { side } from '../src/training/mnist.ts';
import type { Pictures } from '../src/training/pictures.ts';

/** A file of bytes in the format of MNIST, which `readMnist` describes. */
export function idx(sizes: readonly number[], data: Uint8Array): Buffer {
  const header = Buffer.alloc(4 + 4 * sizes.length);
  header.writeUInt32BE(0x0800 + sizes.length);
  for (const [i, size] of sizes.entries()) header.writeUInt32BE(size, 4 + 4 * i);
  return Buffer.concat([header, data]);
}

/** Writes digits as MNIST is published. */
export async function writeMnist(
  folder: string,
  parts: Readonly<Record<'train' | 't10k', Pictures>>,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [part, { count, pixels, labels }] of Object.entries(parts)) {
    const images = await packed(idx([count, side, side], pixels));
    await writeFile(join(folder, `${part}-images-idx3-ubyte.gz`), images);
    await writeFile(
      join(folder, `${part}-labels-idx1-ubyte.gz`),
      await packed(idx([count], Uint8Array.from(labels))),
    );
  }
}

function packed(file: Buffer): Promise<Buffer> {
  return promisify(gzip)(file, { level: 1 });
}
