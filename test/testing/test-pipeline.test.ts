import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import classify from '../../src/pipelines/builtin/classify.ts';
import type { Decision, PipelineDefinition, Scope } from '../../src/pipelines/contract.ts';
import type { Frame } from '../../src/pipelines/frame.ts';
import { testPipeline } from '../../src/testing/index.ts';
import { readDigits, temporaryFolder } from '../support/gateway.ts';

type Process = (frame: Frame, scope: Scope) => Promise<Decision>;

const plugIn = (process: Process, more: Partial<PipelineDefinition> = {}): PipelineDefinition => ({
  name: 'plug-in',
  api: 1,
  models: [],
  create: () => ({ process }),
  ...more,
});
const text = (id: string, source = 'camera') => ({ payload: id, id, source, contentType: 'text/plain' });
const one = { frames: [text('a')], timeoutMs: 300 };

describe('testPipeline', () => {
  it('gives the answers of a real net on real pictures', async () => {
    const digits = (await readDigits()).slice(0, 3);
    const { answers, entities } = await testPipeline(classify, {
      models: { classifier: 'builtin:digits' },
      frames: digits.map(({ png, id }) => ({ payload: png, id })),
      timeoutMs: 2_000,
    });
    expect(answers.map(({ result }) => result?.class)).toEqual(digits.map(({ label }) => label));
    expect(answers[0]?.models).toMatchObject([{ digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/) }]);
    expect(entities.map(({ key }) => key)).toEqual(['class', 'score']);
  }, 60_000);

  it('sends frames at once, and gives the answers of a source in its order', async () => {
    let active = 0;
    let most = 0;
    const slowFirst = plugIn(async ({ id }) => {
      most = Math.max(most, ++active);
      await new Promise((resolve) => setTimeout(resolve, id === 'a' ? 20 : 1));
      active--;
      return { result: { id } };
    });
    const { answers } = await testPipeline(slowFirst, {
      ...one,
      frames: ['a', 'b', 'c'].map((id) => text(id)),
    });
    expect(answers.map(({ result }) => result?.id)).toEqual(['a', 'b', 'c']);
    expect(most).toBe(3);
  });

  it('gives errors as answers: what throws, what hangs, what is no frame', async () => {
    const fragile = plugIn(async ({ id }) => {
      if (id === 'throws') throw new Error('no such part');
      if (id === 'hangs') await new Promise(() => {});
      return { result: {} };
    });
    const frames = [...['ok', 'throws', 'hangs'].map((id) => text(id)), { payload: '', id: 'empty' }];
    const { answers } = await testPipeline(fragile, { ...one, frames });
    expect(answers.map(({ error }) => error?.code)).toEqual([
      undefined,
      'PIPELINE_FAILED',
      'PIPELINE_TIMEOUT',
      'FRAME_INVALID',
    ]);
  });

  it.each<[string, PipelineDefinition, RegExp]>([
    [
      'a result that arrives as another',
      plugIn(async () => ({ result: { at: Number.NaN } })),
      /JSON for result/,
    ],
    [
      'a state that arrives as another',
      plugIn(async () => ({ result: {}, state: { at: new Date() as never } })),
      /JSON for state/,
    ],
    [
      'an event without a type',
      plugIn(async () => ({ result: {}, events: [{} as { type: string }] })),
      /text for type of an event/,
    ],
    [
      'a sample for no word of a reason',
      plugIn(async () => ({ result: {}, sample: { reason: 'Not sure!' } })),
      /word such as near-threshold/,
    ],
    [
      'an event that no entity lists',
      plugIn(async () => ({ result: {}, events: [{ type: 'left' }] }), {
        create: () => ({
          process: async () => ({ result: {}, events: [{ type: 'left' }] }),
          entities: () => [
            { key: 'e', platform: 'event', name: 'e', from: 'event', eventTypes: ['entered'] },
          ],
        }),
      }),
      /one of entered for type of an event but received left/,
    ],
    [
      'two entities of one key, and one that is no key',
      plugIn(async () => ({ result: {} }), {
        create: () => ({
          process: async () => ({ result: {} }),
          entities: () =>
            ['a', 'a', 'B c'].map((key) => ({
              key,
              platform: 'sensor',
              name: 'n',
              from: 'state',
              template: '{{ 1 }}',
            })),
        }),
      }),
      /another key.*\n.*a-z, 0-9 and _ for key of entity B c/,
    ],
    [
      'a close that throws',
      plugIn(async () => ({ result: {} }), {
        create: () => ({
          process: async () => ({ result: {} }),
          close: () => Promise.reject(new Error('still open')),
        }),
      }),
      /close to end but it threw: still open/,
    ],
    [
      'a close that hangs',
      plugIn(async () => ({ result: {} }), {
        create: () => ({ process: async () => ({ result: {} }), close: () => new Promise(() => {}) }),
      }),
      /close to end within 300 ms/,
    ],
  ])('refuses %s', async (_what, definition, message) => {
    await expect(testPipeline(definition, one)).rejects.toThrow(message);
  });

  it('refuses a pipeline that does not come back after its model has failed', async () => {
    let broken = false;
    const definition = plugIn(
      async (_frame, { models }) => {
        if (broken) throw new Error('still broken');
        await models.net?.infer({}).catch((error) => {
          broken = true;
          throw error;
        });
        return { result: {} };
      },
      { models: ['net'] },
    );
    await expect(testPipeline(definition, { ...one, models: { net: () => ({}) } })).rejects.toThrow(
      /a result after models failed but received PIPELINE_FAILED: still broken/,
    );
  });

  it('says which options and roles are wrong, as the gateway does', async () => {
    const definition = plugIn(async () => ({ result: {} }), { models: ['net'] });
    await expect(testPipeline(definition, one)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    const misspelt = { ...one, models: { net: () => ({}) }, options: { minScore: 1 } };
    await expect(testPipeline(definition, misspelt)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });

  it('refuses a promise that fails behind the back of its pipeline', async () => {
    // In a process of its own: a test runner has its own opinion of such promises.
    const testing = pathToFileURL(join(import.meta.dirname, '../../dist/testing/index.js')).href;
    const file = join(await temporaryFolder(), 'leak.mjs');
    await writeFile(
      file,
      `import { testPipeline } from ${JSON.stringify(testing)};
const process_ = async () => { Promise.reject(new Error('forgotten')); return { result: {} }; };
const plugIn = { name: 'leaky', api: 1, models: [], create: () => ({ process: process_ }) };
await testPipeline(plugIn, { frames: [{ payload: 'a' }] }).then(
  () => console.log('accepted'),
  (error) => console.log(error.message),
);
`,
    );
    const { stdout } = await promisify(execFile)(process.execPath, [file]);
    expect(stdout).toMatch(/^leaky\n {2}PIPELINE_LEAKED: forgotten\n$/);
  });
});
