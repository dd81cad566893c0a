import { expect, it } from 'vitest';
import { Image } from '../../src/image.ts';
import type { ClassScore, Model } from '../../src/models/model.ts';
import classify from '../../src/pipelines/builtin/classify.ts';
import { silent } from '../support/silent.ts';

/** What classify says of a frame whose best classes have these scores. */
async function sampleOf(scores: readonly number[], options: object = {}) {
  const classes: ClassScore[] = scores.map((score, index) => ({ label: `${index}`, index, score }));
  const classifier = {
    async infer() {
      return { model: { name: 'm', version: '1.0.0', digest: '' }, classes };
    },
  } as unknown as Model;
  const instance = await classify.create({
    options: { minScore: 0.5, sampleNearThreshold: 0.1, sampleMargin: 0.1, annotate: 'never', ...options },
    log: silent,
    stateDir: '',
    announce() {},
  });
  const payload = Buffer.alloc(1);
  const image = new Image({ data: payload, format: 'png' });
  const frame = { id: 'f', source: 's', receivedAt: 0, payload, contentType: 'image/png', image };
  const decision = await instance.process(frame, {
    models: { classifier },
    signal: new AbortController().signal,
  });
  return decision.sample?.reason;
}

it('classify names the frames that it may well be wrong about, and no others', async () => {
  expect(await sampleOf([0.55, 0.1])).toBe('near-threshold');
  expect(await sampleOf([0.45, 0.44])).toBe('near-threshold');
  expect(await sampleOf([0.35, 0.3])).toBe('small-margin');
  expect(await sampleOf([0.35])).toBeUndefined();
  expect(await sampleOf([0.9, 0.05])).toBeUndefined();
  expect(await sampleOf([0.62, 0.38])).toBeUndefined();
  expect(await sampleOf([0.62, 0.38], { sampleMargin: 0.3 })).toBe('small-margin');
  expect(await sampleOf([0.5, 0.5], { sampleNearThreshold: 0, sampleMargin: 0 })).toBeUndefined();
});
