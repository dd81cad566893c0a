import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Release } from '../../../src/models/update/index.ts';
import { newRepository } from '../../training/release/fixtures.ts';
import { bornWith, type Handler, mirrorOf } from './hostile.ts';

// The time of a test is the bound: one of the module would go on running while others have their turn.
const { signal } = new AbortController();

/** A release of `size` bytes more or less, found and not yet fetched. */
async function found(size = 300_000) {
  const owner = await newRepository();
  const bundle = await readFile(await owner.release('1.0.0', { size }));
  const mirror = await mirrorOf(owner.folder);
  const gateway = await bornWith(owner.repository.anchor);
  const repository = gateway.at(mirror.url);
  const release = await (await repository.refresh(signal)).find({ model: 'digits' }, signal);
  return { bundle, mirror, gateway, repository, release, file: join(gateway.disk, 'digits.bundle') };
}

/** Sends the file from where it was asked for, but only so many bytes of it, then hangs up. */
const broken =
  (bundle: Buffer, bytes: number, ranges: (string | undefined)[] = []): Handler =>
  (request, response) => {
    const { range } = request.headers;
    ranges.push(range);
    const from = Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0);
    const head = { 'content-range': `bytes ${from}-${bundle.length - 1}/${bundle.length}` };
    response.writeHead(from > 0 ? 206 : 200, from > 0 ? head : {});
    response.write(bundle.subarray(from, from + bytes), () => setTimeout(() => request.socket.destroy(), 20));
  };

describe('a download', () => {
  it('tells how far it is', async () => {
    const { repository, release, file } = await found();
    const progress: number[] = [];
    await repository.download(release, file, { signal, onProgress: (bytes) => progress.push(bytes) });
    expect(progress).toEqual([...progress].sort((a, b) => a - b));
    expect(progress.at(-1)).toBe(release.bytes);
  });

  it('goes on where the connection broke', async () => {
    const { repository, release, file, mirror, bundle } = await found();
    const ranges: (string | undefined)[] = [];
    mirror.instead.set('.bundle', broken(bundle, 200_000, ranges));
    await repository.download(release, file, { signal });
    expect(bundle.equals(await readFile(file))).toBe(true);
    expect(ranges).toEqual([undefined, 'bytes=200000-']);
  });

  it('that breaks off without a byte is given up, and what was there is kept', async () => {
    const { repository, release, file, mirror, bundle } = await found();
    await writeFile(`${file}.part`, bundle.subarray(0, 1234));
    mirror.instead.set('.bundle', broken(bundle, 0));
    await expect(repository.download(release, file, { signal })).rejects.toMatchObject({
      code: 'UPDATE_FETCH_FAILED',
    });
    expect((await stat(`${file}.part`)).size).toBe(1234);
  });

  it('goes on from what an earlier process left', async () => {
    const { repository, release, file, mirror, bundle } = await found();
    const ranges: (string | undefined)[] = [];
    mirror.instead.set('.bundle', broken(bundle, bundle.length, ranges));
    await writeFile(`${file}.part`, bundle.subarray(0, 100_001));
    await repository.download(release, file, { signal });
    expect(bundle.equals(await readFile(file))).toBe(true);
    expect(ranges).toEqual(['bytes=100001-']);
  });

  it.each([
    ['something else', (bundle: Buffer) => Buffer.alloc(5000, 'x').fill(bundle.subarray(0, 10), 0, 10)],
    ['more than there is', (bundle: Buffer) => Buffer.concat([bundle, Buffer.from('more')])],
    ['as much, but other', (bundle: Buffer) => Buffer.alloc(bundle.length)],
  ])('begins anew where an earlier process left %s', async (_name, left) => {
    const { repository, release, file, bundle } = await found();
    await writeFile(`${file}.part`, left(bundle));
    await repository.download(release, file, { signal });
    expect(bundle.equals(await readFile(file))).toBe(true);
  });

  it('begins anew where the server knows no ranges', async () => {
    const { repository, release, file, mirror, bundle } = await found();
    mirror.instead.set('.bundle', (_request, response) => response.end(bundle));
    await writeFile(`${file}.part`, bundle.subarray(0, 100_000));
    await repository.download(release, file, { signal });
    expect(bundle.equals(await readFile(file))).toBe(true);
  });

  it('refuses a range that was not asked for', async () => {
    const { repository, release, file, mirror, bundle } = await found();
    mirror.instead.set('.bundle', (_request, response) =>
      response.writeHead(206, { 'content-range': `bytes 5-10/${bundle.length}` }).end(bundle.subarray(5, 11)),
    );
    await expect(repository.download(release, file, { signal })).rejects.toMatchObject({
      code: 'UPDATE_FETCH_FAILED',
      message: expect.stringContaining('bytes 5-10'),
    });
  });

  it('ends when it is told to, and can be continued', async () => {
    const { repository, release, file, mirror, bundle } = await found();
    const stop = new AbortController();
    mirror.instead.set('.bundle', (_request, response) => void response.write(bundle.subarray(0, 1000)));
    const onProgress = () => stop.abort(new Error('enough'));
    await expect(repository.download(release, file, { signal: stop.signal, onProgress })).rejects.toThrow(
      'enough',
    );
    mirror.instead.clear();
    await repository.download(release, file, { signal });
    expect(bundle.equals(await readFile(file))).toBe(true);
  });

  it('says when the disk refuses it', async () => {
    const { repository, release, gateway } = await found();
    await mkdir(join(gateway.disk, 'taken'));
    for (const file of [join(gateway.disk, 'none', 'digits.bundle'), join(gateway.disk, 'taken')]) {
      await expect(repository.download(release, file, { signal })).rejects.toMatchObject({
        code: 'UPDATE_UNWRITABLE',
      });
    }
  });

  it('survives SIGKILL at any time: in the end the file is right', async () => {
    const { mirror, gateway, release, bundle, file } = await found(2_000_000);
    const pace = { maxBytesPerSecond: 2_000_000 };
    for (const afterMs of [0, 100, 250, 400]) {
      const { child, ready } = start({ url: mirror.url, folder: gateway.disk, release, file, pace });
      await ready;
      await sleep(afterMs);
      child.kill('SIGKILL');
      await once(child, 'exit');
      // What is under the name of the bundle is the bundle.
      const left = await readFile(file).catch(() => bundle);
      expect(bundle.equals(left)).toBe(true);
    }
    const resumed = mirror.requests.length;
    const last = start({ url: mirror.url, folder: gateway.disk, release, file, pace: {} });
    expect(await once(last.child, 'exit')).toEqual([0, null]);
    expect(bundle.equals(await readFile(file))).toBe(true);
    expect(mirror.requests.length).toBeGreaterThan(resumed);
  });
});

/** A process that downloads, of the built program. */
const program = `
  const [built, job] = process.argv.slice(1);
  const { ModelRepository } = await import(built);
  const { url, folder, release, file, pace } = JSON.parse(job);
  const repository = new ModelRepository({ root: new Uint8Array(), url, folder, pace });
  console.log('begins');
  await repository.download(release, file, { signal: AbortSignal.timeout(60_000) });
`;

function start(job: { url: string; folder: string; release: Release; file: string; pace: object }) {
  const built = new URL('../../../dist/models/update/index.js', import.meta.url).href;
  const args = ['--input-type=module', '-e', program, built, JSON.stringify(job)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  return { child, ready: once(child.stdout, 'data') };
}
