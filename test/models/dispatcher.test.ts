import { describe, expect, it } from 'vitest';
import { GatewayError } from '../../src/errors.ts';
import { Dispatcher, type Worker } from '../../src/models/dispatcher.ts';
import type { Job } from '../../src/models/job-queue.ts';

/** A worker that does nothing with what it gets until it is told to be done. */
class FakeWorker implements Worker {
  ready = true;
  readonly batches: (readonly Job[])[] = [];

  get depth(): number {
    return this.batches.length;
  }

  run(jobs: readonly Job[]): void {
    this.batches.push(jobs);
  }

  get sizes(): number[] {
    return this.batches.map((jobs) => jobs.length);
  }
}

function job(kind: Job['kind'] = 'infer', onFail: (error: unknown) => void = () => {}): Job {
  const now = performance.now();
  const state = {
    fail: onFail,
    arrivedAt: now,
    waitingSince: now,
    failures: 0,
    settled: false,
    done: () => {},
  };
  if (kind === 'infer') return { kind, input: {}, ...state };
  return { kind, image: { data: new Uint8Array() } as never, marks: [], ...state };
}

function dispatcher(
  workers: readonly Worker[],
  limits: { maxBatch?: number; maxDelayMs?: number; maxQueue?: number; timeoutMs?: number } = {},
) {
  return new Dispatcher({
    workers: () => workers,
    limits: { maxBatch: 4, maxDelayMs: 0, maxQueue: 100, timeoutMs: 1000, ...limits },
  });
}

/** Calls that come in one turn of the event loop, and the turn after it. */
async function submit(subject: Dispatcher, jobs: readonly Job[]): Promise<void> {
  for (const each of jobs) subject.submit(each);
  await new Promise(setImmediate);
}

const jobs = (count: number, kind: Job['kind'] = 'infer') => Array.from({ length: count }, () => job(kind));

describe('Dispatcher', () => {
  it('gives an idle worker a lone job, and a busy one nothing but a full batch ahead', async () => {
    const worker = new FakeWorker();
    const subject = dispatcher([worker]);
    await submit(subject, jobs(1));
    expect(worker.sizes).toEqual([1]);
    await submit(subject, jobs(3));
    expect(worker.sizes).toEqual([1]);
    await submit(subject, jobs(2));
    expect(worker.sizes).toEqual([1, 4]);
    await submit(subject, jobs(8));
    expect(worker.sizes).toEqual([1, 4]);
    expect(subject.length).toBe(9);
  });

  it('shares what waits among the idle, and passes over those that are not ready', async () => {
    const workers = [new FakeWorker(), new FakeWorker(), new FakeWorker()];
    const [, down] = workers;
    if (down) down.ready = false;
    const subject = dispatcher(workers);
    await submit(subject, jobs(5));
    expect(workers.map(({ sizes }) => sizes)).toEqual([[3], [], [2]]);
  });

  it('takes jobs in their order, drawings apart from inputs', async () => {
    const worker = new FakeWorker();
    const subject = dispatcher([worker]);
    const [a, drawing, b, c] = [job(), job('annotate'), job(), job()];
    await submit(subject, [a, drawing, b, c]);
    worker.batches.shift();
    subject.dispatch();
    expect([a, b, c].map((each) => worker.batches.flat().includes(each))).toEqual([false, false, false]);
    expect(worker.batches).toEqual([[drawing]]);
  });

  it('runs what is tried again alone, before the rest and never behind another', async () => {
    const worker = new FakeWorker();
    const subject = dispatcher([worker], { maxBatch: 2 });
    const [first, second, ...rest] = jobs(6);
    if (!first || !second) throw new Error('no jobs');
    await submit(subject, [first, second, ...rest]);
    expect(worker.sizes).toEqual([2, 2]);
    const [working, waiting] = worker.batches.splice(0);
    subject.putBack(waiting ?? []);
    subject.retry(working ?? [], new GatewayError('MODEL_CRASHED'));
    subject.dispatch();
    expect(worker.batches).toEqual([[first]]);
    worker.batches.shift();
    subject.dispatch();
    expect(worker.batches).toEqual([[second], rest.slice(0, 2)]);
    expect(subject.length).toBe(2);
  });

  it('gives up on a job that came back twice', async () => {
    const worker = new FakeWorker();
    const subject = dispatcher([worker]);
    const failures: unknown[] = [];
    const unlucky: Job = job('infer', (error) => {
      unlucky.settled = true;
      failures.push(error);
    });
    await submit(subject, [unlucky]);
    for (const code of ['MODEL_CRASHED', 'MODEL_TIMEOUT'] as const) {
      subject.retry(worker.batches.splice(0).flat(), new GatewayError(code));
      subject.dispatch();
    }
    expect(failures).toMatchObject([{ code: 'MODEL_TIMEOUT' }]);
    expect(worker.depth + subject.length).toBe(0);
  });

  it('refuses more than the queue holds, but takes back what it had accepted', async () => {
    const subject = dispatcher([], { maxQueue: 3 });
    const accepted = jobs(3);
    for (const each of accepted) subject.submit(each);
    for (const each of jobs(3, 'annotate')) subject.submit(each);
    expect(() => subject.submit(job())).toThrow('Expected at most 3 waiting inputs');
    subject.putBack(jobs(2));
    expect(subject.length).toBe(8);
    for (const each of accepted) subject.withdraw(each);
    expect(subject.length).toBe(5);
  });

  it('holds a half-empty batch back for maxDelayMs and a full one not at all', async () => {
    const worker = new FakeWorker();
    const subject = dispatcher([worker], { maxDelayMs: 60_000 });
    await submit(subject, jobs(3));
    expect(worker.sizes).toEqual([]);
    await submit(subject, jobs(1));
    expect(worker.sizes).toEqual([4]);
    worker.batches.shift();
    await submit(subject, [job('annotate')]);
    expect(worker.sizes).toEqual([1]);
  });

  it('rejects those that wait too long, oldest first, and keeps the others', async () => {
    const busy = new FakeWorker();
    busy.batches.push([], []);
    const subject = dispatcher([busy], { timeoutMs: 20 });
    const outcomes = await new Promise<unknown[]>((resolve) => {
      const seen: unknown[] = [];
      const expire = (error: unknown) => {
        seen.push(error);
        if (seen.length === 2) resolve(seen);
      };
      subject.submit(job('infer', expire));
      subject.submit(job('annotate', expire));
      setTimeout(() => subject.submit(job()), 30);
    });
    expect(outcomes).toMatchObject([{ code: 'MODEL_TIMEOUT' }, { code: 'MODEL_TIMEOUT' }]);
    expect(subject.length).toBe(1);
  });

  it('has those that wait begin anew, and wait longer, while no worker is there', async () => {
    const worker = new FakeWorker();
    worker.batches.push([], []);
    const subject = dispatcher([worker], { timeoutMs: 20 });
    const expired = new Promise((resolve) => subject.submit(job('infer', resolve)));
    worker.ready = false;
    subject.renew();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(subject.length).toBe(1);
    worker.ready = true;
    subject.renew();
    expect(await expired).toMatchObject({ code: 'MODEL_TIMEOUT' });
    expect(subject.length).toBe(0);
  });
});
