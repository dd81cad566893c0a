import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { PipelineConfig } from '../../src/config/types.ts';
import { GatewayError } from '../../src/errors.ts';
import { Image } from '../../src/image.ts';
import { createLog } from '../../src/log.ts';
import { createMetrics } from '../../src/metrics.ts';
import type { Model, Outputs } from '../../src/models/model.ts';
import type { JsonObject, PipelineDefinition } from '../../src/pipelines/contract.ts';
import type { Frame } from '../../src/pipelines/frame.ts';
import type { Outlet } from '../../src/pipelines/publisher.ts';
import { PipelineRunner } from '../../src/pipelines/runner.ts';

class FakeOutlet implements Outlet {
  readonly results: {
    source: string;
    frame: { id: string };
    result?: JsonObject;
    error?: { code: string };
  }[] = [];
  readonly states: JsonObject[] = [];
  readonly events: JsonObject[] = [];
  readonly images: Uint8Array[] = [];
  readonly errors: GatewayError[] = [];
  available = true;

  async result(source: string, text: string): Promise<void> {
    if (!this.available) throw new GatewayError('BUS_UNAVAILABLE');
    this.results.push({ source, ...JSON.parse(text) });
  }
  async state(_source: string, body: JsonObject): Promise<void> {
    this.states.push(body);
  }
  async event(_source: string, body: JsonObject): Promise<void> {
    this.events.push(body);
  }
  async image(_source: string, jpeg: Uint8Array): Promise<void> {
    this.images.push(jpeg);
  }
  error(_source: string, error: GatewayError): void {
    this.errors.push(error);
  }
  get ids(): string[] {
    return this.results.map(({ frame }) => frame.id);
  }
}

/** Answers when the test says so. */
class FakeModel implements Model {
  readonly name = 'fake';
  readonly version = '1.0.0';
  readonly calls: { resolve: (label: string) => void; signal: AbortSignal | undefined }[] = [];

  infer(_input: unknown, options?: { signal?: AbortSignal }): Promise<Outputs> {
    return new Promise((resolve) => {
      const ref = { name: this.name, version: this.version, digest: 'sha256:00' };
      const timing = { queueMs: 0, decodeMs: 0, inferMs: 0, batchSize: 1 };
      this.calls.push({
        signal: options?.signal,
        resolve: (label) => resolve({ model: ref, timing, classes: [{ label, index: 0, score: 1 }] }),
      });
    });
  }
  async annotate(): Promise<Uint8Array> {
    return new Uint8Array([1]);
  }
  async thumbnail() {
    return { width: 1, height: 1, data: new Uint8Array(1) };
  }
}

const definition: PipelineDefinition = {
  name: 'echo',
  api: 1,
  models: ['net'],
  create: () => ({
    async process(_frame, { models }) {
      const { classes = [] } = (await models.net?.infer({} as never)) ?? {};
      return { result: { class: classes[0]?.label ?? null } };
    },
  }),
};

const every: PipelineConfig = {
  use: 'echo',
  sources: ['*'],
  models: { net: 'fake' },
  mailbox: 'every',
  maxInFlight: 8,
  timeoutMs: 500,
  maxAgeMs: null,
  options: {},
};

async function startRunner(pipeline: PipelineDefinition, config: Partial<PipelineConfig> = {}) {
  const outlet = new FakeOutlet();
  const model = new FakeModel();
  const metrics = createMetrics();
  const log = await createLog({ level: 'silent', format: 'json' });
  const runner = new PipelineRunner({
    name: 'p',
    definition: pipeline,
    config: { ...every, ...config },
    models: { net: model },
    maxActive: 64,
    stateDir: '',
    onEntities() {},
    outlet,
    metrics,
    log,
  });
  await runner.start();
  onTestFinished(() => runner.stop());
  return { runner, outlet, model, metrics };
}

const frame = (id: string, source = 'cam'): Frame => ({
  id,
  source,
  receivedAt: Date.now(),
  payload: Buffer.alloc(1),
  contentType: 'text/plain',
});

const tick = () => delay(5);

describe('a pipeline runner', () => {
  it('settles a frame of every only when the broker has accepted its result', async () => {
    const { runner, outlet, model } = await startRunner(definition);
    outlet.available = false;
    let settled = false;
    const accepted = runner.accept(frame('1')).then(() => {
      settled = true;
    });
    model.calls[0]?.resolve('seven');
    await delay(50);
    expect(settled).toBe(false);
    outlet.available = true;
    await accepted;
    expect(outlet.results).toMatchObject([
      {
        source: 'cam',
        frame: { id: '1' },
        pipeline: 'p',
        result: { class: 'seven' },
        models: [{ name: 'fake', version: '1.0.0', digest: 'sha256:00' }],
      },
    ]);
  });

  it('publishes the results of a source in the order of its frames, though their nets overtake', async () => {
    const { runner, outlet, model } = await startRunner(definition);
    const all = Promise.all(['1', '2', '3'].map((id) => runner.accept(frame(id))));
    model.calls[2]?.resolve('c');
    model.calls[1]?.resolve('b');
    await tick();
    expect(outlet.ids).toEqual([]);
    model.calls[0]?.resolve('a');
    await all;
    expect(outlet.results.map(({ result }) => result?.class)).toEqual(['a', 'b', 'c']);
  });

  it('lets no source wait for another', async () => {
    const { runner, outlet, model } = await startRunner(definition);
    void runner.accept(frame('1', 'stuck'));
    const other = runner.accept(frame('2', 'free'));
    model.calls[1]?.resolve('b');
    await other;
    expect(outlet.ids).toEqual(['2']);
  });

  it('decides one frame of a source at a time where the pipeline remembers', async () => {
    const { runner, model } = await startRunner({ ...definition, stateful: true });
    void runner.accept(frame('1', 'a'));
    void runner.accept(frame('2', 'a'));
    void runner.accept(frame('3', 'b'));
    expect(model.calls).toHaveLength(2);
  });

  it('drops the older of two waiting frames of latest, counts it, and holds up nobody', async () => {
    const { runner, outlet, model, metrics } = await startRunner(definition, {
      mailbox: 'latest',
      maxInFlight: 2,
    });
    await Promise.all(['1', '2', '3', '4'].map((id) => runner.accept(frame(id))));
    model.calls[0]?.resolve('a');
    model.calls[1]?.resolve('b');
    await tick();
    model.calls[2]?.resolve('d');
    await tick();
    expect(outlet.ids).toEqual(['1', '2', '4']);
    const text = await metrics.registry.getSingleMetricAsString('edgeward_frames_total');
    expect(text).toContain('outcome="dropped"} 1');
  });

  it.each([
    ['are dropped with a count where nothing holds their sender back', false, 1_008],
    ['all have their verdict where the sender waits for it', true, 1_500],
  ])('frames beyond those that may wait %s', async (_name, held, verdicts) => {
    const { runner, outlet, model, metrics } = await startRunner(definition);
    const ids = Array.from({ length: 1_500 }, (_, i) => String(i));
    const accepted = Promise.all(ids.map((id) => runner.accept(frame(id), { held })));
    for (let answered = 0; answered < verdicts; await tick()) {
      for (const { resolve } of model.calls.slice(answered)) {
        resolve('a');
        answered++;
      }
    }
    await accepted;
    expect(outlet.ids).toEqual(ids.slice(0, verdicts));
    const text = await metrics.registry.getSingleMetricAsString('edgeward_frames_total');
    expect(/outcome="dropped"} (\d+)/.exec(text)?.[1]).toBe(held ? undefined : '492');
  });

  it('answers a frame of every with the error when the pipeline throws, and goes on', async () => {
    const { runner, outlet } = await startRunner({
      ...definition,
      create: () => ({
        async process({ id }) {
          if (id === 'bad') throw new Error('no such part');
          return { result: { ok: true } };
        },
      }),
    });
    await runner.accept(frame('bad'));
    await runner.accept(frame('good'));
    expect(outlet.results).toMatchObject([
      { frame: { id: 'bad' }, error: { code: 'PIPELINE_FAILED', message: 'no such part' } },
      { frame: { id: 'good' }, result: { ok: true } },
    ]);
    expect(outlet.errors).toHaveLength(1);
  });

  it('answers a message that is no frame in its turn', async () => {
    const { runner, outlet, model } = await startRunner(definition);
    const first = runner.accept(frame('1'));
    const second = runner.accept(frame('2'), { error: new GatewayError('FRAME_INVALID') });
    await tick();
    expect(outlet.ids).toEqual([]);
    model.calls[0]?.resolve('a');
    await Promise.all([first, second]);
    expect(outlet.results[1]).toMatchObject({ frame: { id: '2' }, error: { code: 'FRAME_INVALID' } });
    expect(model.calls).toHaveLength(1);
  });

  it('ends a decision that never comes at its deadline and aborts its inference', async () => {
    const { runner, outlet, model } = await startRunner(definition, { timeoutMs: 30 });
    await runner.accept(frame('1'));
    expect(outlet.results[0]?.error?.code).toBe('PIPELINE_TIMEOUT');
    expect(model.calls[0]?.signal?.aborted).toBe(true);
  });

  it.each([
    ['nothing', undefined],
    ['a result that is no JSON', { result: { big: 1n } }],
  ])('answers with an error when a pipeline returns %s', async (_name, decision) => {
    const { runner, outlet } = await startRunner({
      ...definition,
      create: () => ({ process: async () => decision as never }),
    });
    await runner.accept(frame('1'));
    expect(outlet.results[0]?.error?.code).toBe('PIPELINE_FAILED');
  });

  it('tells a state when it changes, events always, and draws what changed at most once a second', async () => {
    const { runner, outlet } = await startRunner({
      ...definition,
      create: () => ({
        process: async ({ id }) => ({
          result: {},
          state: { class: id.charAt(0), score: Number(id.slice(1)) },
          events: [{ type: 'seen' }],
          picture: { marks: [], when: 'change' },
        }),
      }),
    });
    const image = new Image({ data: new Uint8Array(1), format: 'jpeg' });
    for (const id of ['a1', 'a2', 'b3']) await runner.accept({ ...frame(id), image });
    await runner.stop();
    expect(outlet.states).toMatchObject([
      { class: 'a', score: 1 },
      { class: 'b', score: 3 },
    ]);
    expect(outlet.images).toHaveLength(1);
    expect(outlet.events.map(({ frame: id }) => id)).toEqual(['a1', 'a2', 'b3']);
  });

  describe('with a limit of age', () => {
    const aged = (id: string, capturedAgo: number, receivedAgo = 0): Frame => ({
      ...frame(id),
      receivedAt: Date.now() - receivedAgo,
      capturedAt: Date.now() - capturedAgo,
    });
    const echo: PipelineDefinition = {
      ...definition,
      create: () => ({ process: async ({ id }) => ({ result: { id } }) }),
    };
    const outcomes = async (metrics: ReturnType<typeof createMetrics>) =>
      Object.fromEntries(
        (await metrics.frames.get()).values.map(({ labels, value }) => [labels.outcome, value]),
      );

    it('answers a stale frame of every with its code and judges the fresh ones', async () => {
      const { runner, outlet, metrics } = await startRunner(echo, { maxAgeMs: 60_000 });
      for (const each of [aged('old', 61_000), aged('new', 1_000)]) await runner.accept(each);
      expect(outlet.results).toMatchObject([
        { frame: { id: 'old' }, error: { code: 'FRAME_STALE' } },
        { frame: { id: 'new' }, result: { id: 'new' } },
      ]);
      expect(await outcomes(metrics)).toEqual({ FRAME_STALE: 1, ok: 1 });
    });

    it('drops and counts a stale frame of latest', async () => {
      const { runner, outlet, metrics } = await startRunner(echo, { maxAgeMs: 60_000, mailbox: 'latest' });
      await runner.accept(aged('old', 61_000));
      await tick();
      await runner.accept(aged('new', 1_000));
      await tick();
      expect(outlet.ids).toEqual(['new']);
      expect(await outcomes(metrics)).toEqual({ FRAME_STALE: 1, ok: 1 });
    });

    it('takes the arrival for the age where the clock of the sender runs ahead', async () => {
      const { runner, outlet } = await startRunner(echo, { maxAgeMs: 60_000 });
      await runner.accept(aged('ahead', -3_600_000));
      await runner.accept(aged('ahead and late', -3_600_000, 61_000));
      expect(outlet.results).toMatchObject([{ result: { id: 'ahead' } }, { error: { code: 'FRAME_STALE' } }]);
    });

    it('counts the wait in its own mailbox', async () => {
      const { runner, outlet, model } = await startRunner(definition, { maxInFlight: 1, maxAgeMs: 40 });
      const all = Promise.all([runner.accept(frame('1')), runner.accept(frame('2'))]);
      await delay(60);
      model.calls[0]?.resolve('a');
      await all;
      expect(outlet.results[1]).toMatchObject({ frame: { id: '2' }, error: { code: 'FRAME_STALE' } });
    });
  });

  it('leaves frames unanswered when it stops, but finishes those in work', async () => {
    const { runner, outlet, model } = await startRunner(definition, { maxInFlight: 1 });
    let waitingSettled = false;
    const working = runner.accept(frame('1'));
    void runner.accept(frame('2')).then(() => {
      waitingSettled = true;
    });
    const stopped = runner.stop();
    model.calls[0]?.resolve('a');
    await Promise.all([working, stopped]);
    await tick();
    expect(outlet.ids).toEqual(['1']);
    expect(waitingSettled).toBe(false);
  });
});
