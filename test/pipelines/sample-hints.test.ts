import { expect, it } from 'vitest';
import defect from '../../src/pipelines/builtin/defect.ts';
import detect from '../../src/pipelines/builtin/detect.ts';
import presence from '../../src/pipelines/builtin/presence.ts';
import { testPipeline } from '../../src/testing/index.ts';

const jpeg = new Uint8Array([0xff, 0xd8, 0xff]);
const once = { frames: [jpeg], timeoutMs: 500 };

it.each([
  [0.3, undefined],
  [0.42, 'unsure'],
  [0.52, 'near-threshold'],
  [0.9, undefined],
])('defect asks for a part of score %f: %s', async (score, reason) => {
  const classes = [
    { label: 'ok', index: 0, score: 1 - score },
    { label: 'ng', index: 1, score },
  ];
  const { answers } = await testPipeline(defect, { ...once, models: { inspector: () => ({ classes }) } });
  expect(answers[0]?.sample?.reason).toBe(reason);
});

it('defect asks for none where sampleNearThreshold is 0', async () => {
  const classes = [{ label: 'ng', index: 1, score: 0.45 }];
  const { answers } = await testPipeline(defect, {
    ...once,
    models: { inspector: () => ({ classes: [...classes, { label: 'ok', index: 0, score: 0.55 }] }) },
    options: { sampleNearThreshold: 0 },
  });
  expect(answers[0]?.result?.verdict).toBe('unsure');
  expect(answers[0]?.sample).toBeUndefined();
});

it.each([
  ['detect', detect, 0.9, undefined],
  ['detect', detect, 0.52, 'low-score'],
  ['presence', presence, 0.9, undefined],
  ['presence', presence, 0.52, 'low-score'],
] as const)('%s asks for a picture with a track of score %f', async (_name, definition, score, reason) => {
  const box = { x: 0.2, y: 0.2, width: 0.3, height: 0.3 };
  const detector = () => ({ detections: [{ label: 'person', index: 0, score, box }] });
  const options = { minScore: 0.5, onDelayMs: 0, motion: { enabled: false } };
  const { answers } = await testPipeline(definition, { ...once, models: { detector }, options });
  expect(answers[0]?.result?.count).toBe(1);
  expect(answers[0]?.sample?.reason).toBe(reason);
});
