import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { Image } from '../../src/image.ts';
import { echoBundle, hostOf, never, plain, scratchFolder, started, work, workBundle } from './fixtures.ts';

const folder = await scratchFolder();
const echo = await echoBundle(join(folder, 'echo.bundle'));
const heavy = await workBundle(join(folder, 'work.bundle'));

/** Some 30 ms of work: long enough for others to come meanwhile. */
const busy = work(600, 1);

describe('ModelHost', () => {
  it('answers with what the net says, which artefact said it, and how long it took', async () => {
    const { host } = await started(echo);
    const outputs = await host.infer(plain(1, 20, 255));
    expect(outputs.tensors?.pixels).toEqual({
      data: Float32Array.of(1, 20, 255, 1, 20, 255, 1, 20, 255, 1, 20, 255),
      shape: [12],
    });
    expect(outputs.model).toEqual({
      name: 'echo',
      version: '1.2.3',
      digest: expect.stringMatching(/^sha256:/),
    });
    expect(outputs.picture).toEqual({ width: 4, height: 4 });
    expect(outputs.timing.batchSize).toBe(1);
    for (const time of Object.values(outputs.timing)) expect(time).toBeGreaterThanOrEqual(0);
    expect(host).toMatchObject({ name: 'subject', version: '1.2.3', state: 'READY', ref: outputs.model });
  });

  it('gives every caller the answer to its own input, in batches and around broken ones', async () => {
    const { host } = await started(echo, { instances: 2 });
    const broken = new Image({ data: Buffer.from('no picture'), format: 'jpeg' });
    const answers = await Promise.all(
      Array.from({ length: 200 }, async (_, i) => {
        const answer = host.infer(i % 7 === 3 ? broken : plain(i, 2, 3));
        return answer.then(
          ({ tensors }) => tensors?.pixels?.data[0],
          (error: unknown) => error,
        );
      }),
    );
    for (const [i, answer] of answers.entries()) {
      if (i % 7 === 3) expect(answer).toMatchObject({ code: 'FRAME_INVALID' });
      else expect(answer).toBe(i);
    }
  });

  it('judges the region of a picture that is meant', async () => {
    const { host } = await started(echo);
    const halves = Buffer.alloc(4 * 4 * 3, 10);
    for (let y = 0; y < 4; y++) halves.fill(200, (y * 4 + 2) * 3, (y + 1) * 4 * 3);
    const image = new Image({ data: halves, format: 'raw', raw: { width: 4, height: 4, channels: 3 } });
    const right = await host.infer(image.crop({ x: 0.5, y: 0, width: 0.5, height: 1 }));
    expect(new Set(right.tensors?.pixels?.data)).toEqual(new Set([200]));
    expect(right.picture).toEqual({ width: 4, height: 4 });
  });

  it('runs a lone input at once and lets batches form while it is busy', async () => {
    const { host, metrics } = await started(heavy, { maxBatch: 8 });
    const first = host.infer(busy);
    await new Promise(setImmediate);
    const rest = await Promise.all(Array.from({ length: 12 }, (_, i) => host.infer(work(0, i % 8))));
    expect((await first).timing.batchSize).toBe(1);
    expect(rest.map(({ timing }) => timing.batchSize)).toEqual([8, 8, 8, 8, 8, 8, 8, 8, 4, 4, 4, 4]);
    expect(rest.map(({ tensors }) => tensors?.y?.data[0])).toEqual([
      0, 10, 20, 30, 40, 50, 60, 70, 0, 10, 20, 30,
    ]);
    const { values } = await metrics.batchSize.get();
    expect(values.find(({ metricName }) => metricName === 'edgeward_model_batch_size_sum')?.value).toBe(13);
  });

  it('waits for a fuller batch only as long as maxDelayMs says', async () => {
    const { host } = await started(heavy, { maxDelayMs: 500 });
    const pair = [host.infer(work(0, 1))];
    await new Promise(setImmediate);
    pair.push(host.infer(work(0, 2)));
    const answers = await Promise.all(pair);
    expect(answers.map(({ timing }) => timing.batchSize)).toEqual([2, 2]);
    expect(answers[0]?.timing.queueMs).toBeGreaterThanOrEqual(499);
  });

  it('shares what comes at once among idle processes', async () => {
    const { host } = await started(heavy, { instances: 2 });
    const answers = await Promise.all(Array.from({ length: 6 }, () => host.infer(work(0, 1))));
    expect(answers.map(({ timing }) => timing.batchSize)).toEqual([3, 3, 3, 3, 3, 3]);
  });

  it('turns inputs away when the queue is full and takes them again later', async () => {
    const { host } = await started(heavy, { maxQueue: 4, maxBatch: 8 });
    const first = host.infer(busy);
    await new Promise(setImmediate);
    const crowd = Array.from({ length: 10 }, () =>
      host.infer(work(0, 1)).then(
        () => 'answered',
        (error) => error.code,
      ),
    );
    const outcomes = await Promise.all(crowd);
    expect(outcomes).toEqual([...Array(4).fill('answered'), ...Array(6).fill('MODEL_QUEUE_FULL')]);
    await first;
    await expect(host.infer(work(0, 1))).resolves.toBeDefined();
    expect(host.queueLength).toBe(0);
  });

  it('forgets an input whose caller has gone, waiting or in work', async () => {
    const { host } = await started(heavy);
    const inWork = new AbortController();
    const waiting = new AbortController();
    const first = host.infer(busy, { signal: inWork.signal });
    await new Promise(setImmediate);
    const second = host.infer(work(0, 1), { signal: waiting.signal });
    const third = host.infer(work(0, 2));
    waiting.abort(new Error('changed my mind'));
    await expect(second).rejects.toThrow('changed my mind');
    expect(host.queueLength).toBe(1);
    inWork.abort(new Error('so did I'));
    await expect(first).rejects.toThrow('so did I');
    expect((await third).timing.batchSize).toBe(1);
    expect(host.stalledMs).toBe(0);
    await expect(
      host.infer(work(0, 1), { signal: AbortSignal.abort(new Error('too late')) }),
    ).rejects.toThrow('too late');
  });

  it('draws marks on a picture without breaking up batches', async () => {
    const { host } = await started(echo, { maxBatch: 8 });
    const marks = [{ label: 'here', tone: 'ok', box: { x: 0, y: 0, width: 0.5, height: 0.5 } }] as const;
    const all = Array.from({ length: 16 }, (_, i) => {
      if (i % 2 === 0)
        return host
          .annotate(plain(9, 9, 9), marks)
          .then(async (jpeg) => (await sharp(jpeg).metadata()).width);
      return host.infer(plain(i, 0, 0)).then(({ timing }) => timing.batchSize);
    });
    const outcomes = await Promise.all(all);
    expect(outcomes.filter((_, i) => i % 2 === 0)).toEqual(Array(8).fill(320));
    expect(outcomes.filter((_, i) => i % 2 === 1)).toEqual(Array(8).fill(8));
    const broken = new Image({ data: Buffer.of(0xff, 0xd8, 0xff, 0), format: 'jpeg' });
    await expect(host.annotate(broken, marks)).rejects.toMatchObject({ code: 'FRAME_INVALID' });
  });

  it('refuses numbers where the net takes a picture, and the other way round', async () => {
    const [pictures, numbers] = [await started(echo), await started(heavy)];
    await expect(pictures.host.infer(work(1, 1))).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
    await expect(numbers.host.infer(plain(1, 1, 1))).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
    const short = { x: { data: Float32Array.of(1), shape: [1] } };
    await expect(numbers.host.infer(short)).rejects.toThrow(
      'Expected float32 [2] for input x but received float32 [1]',
    );
    // Mixed with good ones in one batch, each still gets its own.
    const [good, bad] = await Promise.allSettled([
      numbers.host.infer(work(0, 7)),
      numbers.host.infer(plain(1, 1, 1)),
    ]);
    expect(good).toMatchObject({
      status: 'fulfilled',
      value: { tensors: { y: { data: Float32Array.of(70) } } },
    });
    expect(bad).toMatchObject({ status: 'rejected', reason: { code: 'REQUEST_INVALID' } });
  });

  it('rejects an input that no message can carry, and it alone', async () => {
    const [pictures, numbers] = [await started(echo), await started(heavy)];
    const unsendable = { x: { data: (() => {}) as never, shape: [2] } };
    const outcomes = await Promise.allSettled([
      numbers.host.infer(work(0, 7)),
      numbers.host.infer(unsendable),
      numbers.host.infer(work(0, 6)),
    ]);
    expect(outcomes).toMatchObject([
      { status: 'fulfilled', value: { tensors: { y: { data: Float32Array.of(70) } } } },
      { status: 'rejected', reason: { code: 'REQUEST_INVALID' } },
      { status: 'fulfilled', value: { tensors: { y: { data: Float32Array.of(60) } } } },
    ]);
    const mark = { label: 'here', tone: 'ok', box: () => {} } as never;
    await expect(pictures.host.annotate(plain(1, 1, 1), [mark])).rejects.toMatchObject({
      code: 'REQUEST_INVALID',
    });
    // Neither has cost the version in charge its good name.
    expect(numbers.host.vitals?.failures.mean).toBe(0);
    expect(pictures.host.vitals?.failures.count).toBe(0);
  });

  it('finishes what it has accepted before it stops, and takes nothing more', async () => {
    const { host } = await started(heavy, { instances: 2, maxBatch: 2 });
    const pids = host.processes.map(({ pid }) => pid);
    const accepted = Array.from({ length: 20 }, (_, i) => host.infer(work(50, i % 8)));
    const stopped = host.stop();
    expect(host.state).toBe('UNLOADING');
    await expect(host.infer(work(0, 0))).rejects.toMatchObject({ code: 'MODEL_UNAVAILABLE' });
    expect(await Promise.all(accepted)).toHaveLength(20);
    await stopped;
    expect(host.state).toBe('UNAVAILABLE');
    for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow('ESRCH');
    await host.stop();
  });

  it('can be destroyed at any time: what is open is told so', async () => {
    const { host } = await started(heavy);
    const open = [host.infer(work(1e9, 0)), host.infer(work(0, 0))];
    await new Promise(setImmediate);
    const [outcomes] = await Promise.all([Promise.allSettled(open), host.destroy()]);
    for (const outcome of outcomes) expect(outcome).toMatchObject({ reason: { code: 'STOPPED' } });
    expect(host.processes).toEqual([]);
  });

  it('says that it is not there before it is started', async () => {
    const { host } = hostOf(echo);
    expect(host).toMatchObject({ state: 'UNAVAILABLE', version: '', ref: undefined, processes: [] });
    await expect(host.infer(plain(0, 0, 0))).rejects.toMatchObject({ code: 'MODEL_UNAVAILABLE' });
    await host.stop();
  });

  it('gives up loading when it is told to, and leaves no process behind', async () => {
    const { host } = hostOf(echo, { instances: 2 });
    const controller = new AbortController();
    const start = host.start(controller.signal);
    controller.abort(new Error('never mind'));
    await expect(start).rejects.toThrow('never mind');
    expect(host.processes).toEqual([]);
    await host.stop();
  });

  it('keeps native libraries out of the process that hosts it', async () => {
    const { host } = hostOf('builtin:digits');
    await host.start(never);
    const [child] = host.processes;
    const loaded = await readFile(`/proc/${child?.pid}/maps`, 'utf8').catch(() => undefined);
    if (loaded === undefined) return;
    expect(loaded).toContain('libonnxruntime');
    expect(loaded).not.toContain('libvips');
    expect(child?.rss).toBeLessThan(150e6);
    expect(await readFile('/proc/self/maps', 'utf8')).not.toContain('libonnxruntime');
  });
});
