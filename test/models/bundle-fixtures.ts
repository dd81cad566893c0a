import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tar from 'tar-stream';
import { onTestFinished } from 'vitest';
import type { Manifest } from '../../src/models/manifest.ts';

/** A temporary folder, removed when the test is over. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'edgeward-bundle-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export const files = {
  'net.onnx': Buffer.from('a graph that no reader of bundles looks into'),
  'golden/zero.bin': Buffer.from([1, 2]),
};

export const draft: Omit<Manifest, 'files'> = {
  format: 1,
  name: 'tiny-net',
  version: '1.2.3-rc.1+build.5',
  task: 'classify',
  graph: 'net.onnx',
  inputs: { numbers: { kind: 'tensor', type: 'uint8', shape: [2] } },
  outputs: { scores: { kind: 'classes', activation: 'softmax', top: 1 } },
  labels: ['ok', 'ng'],
  golden: {
    samples: [{ inputs: { numbers: 'golden/zero.bin' }, outputs: { scores: [0.5, -0.5] }, tolerance: 0.01 }],
  },
};

export function listed(contents: Readonly<Record<string, Uint8Array>> = files): Manifest['files'] {
  return Object.fromEntries(
    Object.entries(contents).map(([name, data]) => [
      name,
      { digest: `sha256:${createHash('sha256').update(data).digest('hex')}`, bytes: data.length },
    ]),
  );
}

export interface Entry {
  readonly name: string;
  readonly data?: string | Buffer;
  readonly type?: 'file' | 'link' | 'symlink' | 'directory' | 'fifo' | 'character-device';
  readonly linkname?: string;
}

export function manifestEntry(manifest: unknown = { ...draft, files: listed() }): Entry {
  return { name: 'bundle.json', data: JSON.stringify(manifest) };
}

export const fileEntries: readonly Entry[] = Object.entries(files).map(([name, data]) => ({ name, data }));

/** An archive of just these entries, right or wrong. */
export async function archive(entries: readonly Entry[]): Promise<Buffer> {
  const pack = tar.pack();
  for (const { name, data = '', type = 'file', linkname } of entries) {
    const header = { name, type, mtime: new Date(0), ...(linkname === undefined ? {} : { linkname }) };
    if (type === 'file') pack.entry(header, data);
    else pack.entry(header);
  }
  pack.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of pack as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

export async function saved(data: Uint8Array): Promise<string> {
  const path = join(await temporaryFolder(), 'some.bundle');
  await writeFile(path, data);
  return path;
}
