import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { writeMnist } from '../../scripts/mnist-folder.ts';
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

/** A folder as MNIST is published, of these digits. */
export async function mnistFolder(
  parts: Readonly<Record<'train' | 't10k', Pictures>>,
  into?: string,
): Promise<string> {
  const folder = into ?? (await scratch());
  await writeMnist(folder, parts);
  return folder;
}
