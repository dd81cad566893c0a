import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { ModelHost } from '../../src/models/host.ts';
import { variantOf } from '../support/bundles.ts';
import { echoBundle, hostOf, never, plain, scratchFolder, started, work, workBundle } from './fixtures.ts';

const folder = await scratchFolder();
const echo = await echoBundle(join(folder, 'echo.bundle'));
const next = await variantOf(echo, join(folder, 'echo-2.bundle'), { version: '2.0.0' });
const heavy = await workBundle(join(folder, 'work.bundle'));
const heavier = await variantOf(heavy, join(folder, 'work-2.bundle'), { version: '2.0.0' });

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Calls without a pause until it is told to stop; the version that answered each. */
function keepCalling(host: ModelHost, parallel: number) {
  const versions: string[] = [];
  let going = true;
  const callers = Array.from({ length: parallel }, async () => {
    while (going) {
      const red = versions.length % 256;
      const { model, tensors } = await host.infer(plain(red, 0, 0));
      if (tensors?.pixels?.data[0] !== red) throw new Error('Expected the answer of its own input');
      versions.push(model.version);
    }
  });
  return {
    versions,
    async stop() {
      going = false;
      await Promise.all(callers);
    },
  };
}

describe('a host that swaps', () => {
  it('answers every call under load, by the old version until the new one is in charge', async () => {
    const { host } = await started(echo, { instances: 2, maxBatch: 4 });
    const [before] = host.processes;
    const calls = keepCalling(host, 24);
    await sleep(100);
    const group = await host.prepare(next, never);
    const early = calls.versions.length;
    await host.swap(group);
    const swappedAt = calls.versions.length;
    await sleep(100);
    await calls.stop();
    expect(new Set(calls.versions.slice(0, early))).toEqual(new Set(['1.2.3']));
    expect(new Set(calls.versions.slice(swappedAt + 24))).toEqual(new Set(['2.0.0']));
    expect(host.ref).toEqual({ name: 'echo', version: '2.0.0', digest: next.digest });
    expect(host.processes).toHaveLength(2);
    expect(isRunning(before?.pid ?? 0)).toBe(false);
  });

  it('lets the batch that is in work finish on the version that began it', async () => {
    const { host } = await started(heavy);
    const long = host.infer(work(4_000, 1));
    await sleep(20);
    const group = await host.prepare({ path: heavier.path }, never);
    const swapped = host.swap(group);
    const short = await host.infer(work(0, 2));
    expect(short.model.version).toBe('2.0.0');
    expect((await long).model.version).toBe('1.2.3');
    await swapped;
    expect(host.processes).toHaveLength(1);
  });

  it('goes on as it was when the next version cannot be proved', async () => {
    const { host } = await started(echo);
    const [before] = host.processes;
    const wrong = { path: next.path, digest: `sha256:${'0'.repeat(64)}` };
    await expect(host.prepare(wrong, never)).rejects.toMatchObject({ code: 'MODEL_LOAD_FAILED' });
    await expect(host.prepare({ path: heavy }, never)).rejects.toMatchObject({ code: 'MODEL_INCOMPATIBLE' });
    await expect(host.prepare({ path: join(folder, 'none') }, never)).rejects.toMatchObject({
      code: 'BUNDLE_INVALID',
    });
    expect(host.processes.map(({ pid }) => pid)).toEqual([before?.pid]);
    expect((await host.infer(plain(7, 0, 0))).model.version).toBe('1.2.3');
  });

  it('keeps those waiting who call while there is no version in memory', async () => {
    const { host } = await started(echo);
    await host.suspend();
    expect(host.processes).toEqual([]);
    const waiting = host.infer(plain(9, 0, 0));
    const group = await host.prepare(next, never);
    expect(host.processes).toHaveLength(1);
    await host.swap(group);
    expect((await waiting).model.version).toBe('2.0.0');
  });

  it('ends what is being proved when it is stopped', async () => {
    const { host } = await started(echo);
    const preparing = host.prepare(next, never).catch((error) => error.code);
    await sleep(50);
    await host.stop();
    await preparing;
    expect(host.processes).toEqual([]);
  });

  it('leaves no process and no open file behind, there and back again and again', async () => {
    const { host } = await started(echo);
    await host.swap(await host.prepare(next, never));
    const openFiles = () => readdirSync('/proc/self/fd').length;
    const before = openFiles();
    const pids = new Set<number>();
    for (let swap = 0; swap < 8; swap++) {
      for (const { pid } of host.processes) pids.add(pid);
      await host.swap(await host.prepare(swap % 2 === 0 ? { path: echo } : next, never));
    }
    expect(pids.size).toBe(8);
    expect([...pids].filter(isRunning)).toEqual([]);
    expect(host.processes).toHaveLength(1);
    expect(openFiles()).toBeLessThanOrEqual(before + 2);
  });

  it('takes a version where there was none', async () => {
    const { host } = hostOf(join(folder, 'none'));
    await expect(host.start(never)).rejects.toMatchObject({ code: 'BUNDLE_INVALID' });
    await host.swap(await host.prepare(next, never));
    expect(host.state).toBe('READY');
    expect((await host.infer(plain(3, 0, 0))).model.version).toBe('2.0.0');
  });
});
