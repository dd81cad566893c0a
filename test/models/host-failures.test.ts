import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { ModelHost } from '../../src/models/host.ts';
import { echoBundle, plain, scratchFolder, started, type TestHost, work, workBundle } from './fixtures.ts';

const folder = await scratchFolder();
const echo = await echoBundle(join(folder, 'echo.bundle'));
const heavy = await workBundle(join(folder, 'work.bundle'));

/** Runs for minutes: for these tests that is for ever. */
const endless = work(1e9, 0);

async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error('Expected the condition within 10 s');
    await sleep(2);
  }
}

async function restarts({ metrics }: TestHost): Promise<Record<string, number>> {
  const { values } = await metrics.childRestarts.get();
  return Object.fromEntries(values.map(({ labels, value }) => [`${labels.cause}`, value]));
}

function pidOf(host: ModelHost): number {
  const [child] = host.processes;
  if (!child) throw new Error('No process is up');
  return child.pid;
}

describe('a process that ends', () => {
  it.each(['SIGKILL', 'SIGABRT'] as const)('by %s under load loses nothing', async (signal) => {
    const subject = await started(echo, { instances: 2, maxBatch: 4 });
    const { host } = subject;
    const inputs = Array.from({ length: 400 }, (_, i) => i);
    const answers = inputs.map(
      async (i) => (await host.infer(plain(i % 256, 0, 0))).tensors?.pixels?.data[0],
    );
    await Promise.race(answers);
    for (const { pid } of host.processes) process.kill(pid, signal);
    expect(await Promise.all(answers)).toEqual(inputs.map((i) => i % 256));
    await until(() => host.processes.length === 2);
    expect(await restarts(subject)).toEqual({ crash: 2 });
  });

  it('is replaced again and again', async () => {
    const subject = await started(echo);
    const { host } = subject;
    const pids = new Set<number>();
    for (let i = 0; i < 3; i++) {
      const pid = pidOf(host);
      pids.add(pid);
      process.kill(pid, 'SIGKILL');
      await until(() => host.processes.length === 0);
      expect(host.state).toBe('UNAVAILABLE');
      // Waits for the next process.
      await expect(host.infer(plain(i, 0, 0))).resolves.toBeDefined();
      expect(host.state).toBe('READY');
    }
    expect(pids.size).toBe(3);
    expect(await restarts(subject)).toEqual({ crash: 3 });
  });

  it('twice while it works on an input has that input rejected, and it alone', async () => {
    const { host } = await started(heavy);
    const poison = host.infer(endless).catch((error: unknown) => error);
    await new Promise(setImmediate);
    const others = [host.infer(work(0, 1)), host.infer(work(0, 2))];
    const first = pidOf(host);
    process.kill(first, 'SIGKILL');
    await until(() => host.processes.some(({ pid }) => pid !== first));
    process.kill(pidOf(host), 'SIGKILL');
    expect(await poison).toMatchObject({ code: 'MODEL_CRASHED' });
    expect((await Promise.all(others)).map(({ tensors }) => tensors?.y?.data[0])).toEqual([10, 20]);
  });

  it('does not end the host when its end is drained meanwhile', async () => {
    const { host } = await started(heavy, { maxBatch: 2 });
    const accepted = Array.from({ length: 6 }, (_, i) => host.infer(work(200, i)));
    await new Promise(setImmediate);
    const stopped = host.stop();
    process.kill(pidOf(host), 'SIGKILL');
    expect((await Promise.all(accepted)).map(({ tensors }) => tensors?.y?.data[0])).toEqual([
      0, 10, 20, 30, 40, 50,
    ]);
    await stopped;
    expect(host.processes).toEqual([]);
  });
});

describe('a run that does not end', () => {
  it('is killed at its deadline; those in its batch are answered, and it is rejected', async () => {
    const subject = await started(heavy, { timeoutMs: 800, maxBatch: 8 });
    const { host } = subject;
    const began = performance.now();
    const batch = [work(0, 1), endless, work(0, 2), work(0, 3), work(0, 4)].map((input) => host.infer(input));
    const outcomes = await Promise.allSettled(batch);
    const values = outcomes.map((outcome) =>
      outcome.status === 'fulfilled' ? outcome.value.tensors?.y?.data[0] : outcome.reason.code,
    );
    expect(values).toEqual([10, 'MODEL_TIMEOUT', 20, 30, 40]);
    expect(performance.now() - began).toBeGreaterThan(1_600);
    expect(await restarts(subject)).toEqual({ timeout: 2 });
    await expect(host.infer(work(0, 7))).resolves.toBeDefined();
  });

  // Measured against the clock of a machine that does other things too: tried again when that got in the way.
  it('does not shorten the time of the batch behind it', { retry: 3 }, async () => {
    const subject = await started(heavy, { timeoutMs: 1_500, maxBatch: 1 });
    const { host } = subject;
    const times: number[] = [];
    // The first run of a process is slower than those after it.
    for (let run = 0; run < 4; run++) times.push((await host.infer(work(1_000, 0))).timing.inferMs);
    const [, usual = 1] = times.slice(1).toSorted((a, b) => a - b);
    const long = (index: number) => work((1_000 * 900) / usual, index);
    // One takes less than the limit, two of them take more.
    const began = performance.now();
    const both = await Promise.all([host.infer(long(1)), host.infer(long(2))]);
    expect(both.map(({ tensors }) => tensors?.y?.data[0])).toEqual([10, 20]);
    expect(performance.now() - began).toBeGreaterThan(1_500);
    expect(await restarts(subject)).toEqual({});
  });

  it('counts as stalled only while an input waits and none is answered', async () => {
    const { host } = await started(heavy);
    await host.infer(work(0, 0));
    await sleep(50);
    expect(host.stalledMs).toBe(0);
    void host.infer(endless).catch(() => {});
    await sleep(50);
    expect(host.stalledMs).toBeGreaterThanOrEqual(45);
    await host.destroy();
    expect(host.stalledMs).toBe(0);
  });
});

describe('a net that fails', () => {
  it('on one input of a batch fails for that input alone', async () => {
    const subject = await started(heavy, { maxBatch: 8 });
    const outcomes = await Promise.allSettled(
      [1, 2, 99, 4].map((index) => subject.host.infer(work(0, index))),
    );
    const values = outcomes.map((outcome) =>
      outcome.status === 'fulfilled' ? outcome.value.tensors?.y?.data[0] : outcome.reason.code,
    );
    expect(values).toEqual([10, 20, 'MODEL_RUN_FAILED', 40]);
    expect(await restarts(subject)).toEqual({});
  });
});
