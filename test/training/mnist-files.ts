import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { onTestFinished } from 'vitest';
import type { Pictures } from '../../src/training/pictures.ts';

export async function temporary() {
  const folder = await mkdtemp(join(tmpdir(), 'edgeward-training-'));
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
}

/** For the test that runs. */
export async function scratch(): Promise<string> {
  const { folder, remove } = await temporary();
  onTestFinished(remove);
  return folder;
}

/** The format of the files of MNIST. */
export function idx(sizes: readonly number[], data: Uint8Array): Buffer {
  const header = Buffer.alloc(4 + 4 * sizes.length);
  header.writeUInt32BE(0x0800 + sizes.length);
  for (const [i, size] of sizes.entries()) header.writeUInt32BE(size, 4 + 4 * i);
  return Buffer.concat([header, data]);
}

/** A folder as MNIST is published, of these digits. */
export async function mnistFolder(
  parts: Readonly<Record<'train' | 't10k', Pictures>>,
  into?: string,
): Promise<string> {
  const folder = into ?? (await scratch());
  for (const [part, { count, pixels, labels }] of Object.entries(parts)) {
    await writeFile(join(folder, `${part}-images-idx3-ubyte.gz`), gzipSync(idx([count, 28, 28], pixels)));
    await writeFile(
      join(folder, `${part}-labels-idx1-ubyte.gz`),
      gzipSync(idx([count], Uint8Array.from(labels))),
    );
  }
  return folder;
}
