import { expect, it } from 'vitest';
import { Image } from '../../../src/image.ts';
import type { Model } from '../../../src/models/model.ts';
import type { SceneOptions } from '../../../src/pipelines/scene/options.ts';
import { Scene } from '../../../src/pipelines/scene/scene.ts';

const options: SceneOptions = {
  classes: [],
  minScore: 0.5,
  minArea: 0,
  zones: {},
  masks: [],
  motion: { enabled: true, threshold: 12, minShare: 0.01 },
  detectEveryMs: 200,
  recheckMs: 30_000,
  onDelayMs: 0,
  lostMs: 2_000,
  offDelayMs: 0,
  sampleNearThreshold: 0.05,
  annotate: 'never',
};
const image = new Image({ data: new Uint8Array(), format: 'jpeg' });

/** A room in which something moves while `moving`, and how often the model was asked what. */
function room() {
  const asked = { gate: 0, detector: 0 };
  const scene = { moving: false, asked };
  let shade = 0;
  const model = {
    async thumbnail() {
      asked.gate++;
      if (scene.moving) shade = 255 - shade;
      const data = new Uint8Array(100).fill(90);
      data.fill(shade, 0, 20);
      return { width: 10, height: 10, data };
    },
    async infer() {
      asked.detector++;
      return { model: { name: 'm', version: '1.0.0', digest: '' }, detections: [] };
    },
  } as unknown as Model;
  return { scene, model };
}

it('asks the gate as often as the detector may look, and the detector only when something moved', async () => {
  const { scene, model } = room();
  const source = new Scene(options);
  const film = async (from: number, to: number) => {
    const before = { ...scene.asked };
    for (let now = from; now < to; now += 100) await source.see(image, model, now);
    return { gate: scene.asked.gate - before.gate, detector: scene.asked.detector - before.detector };
  };
  // The first picture counts as motion, which ends with the second.
  expect(await film(0, 10_000)).toEqual({ gate: 50, detector: 2 });
  scene.moving = true;
  expect(await film(10_000, 12_000)).toEqual({ gate: 10, detector: 10 });
  scene.moving = false;
  // One look at what the motion has left behind; after that what stays is background, looked at each 30 s.
  expect(await film(20_000, 60_000)).toEqual({ gate: 200, detector: 2 });
});

it('goes on looking when the clock was set back', async () => {
  const { scene, model } = room();
  const source = new Scene(options);
  scene.moving = true;
  for (const now of [10_000, 10_200, 10_400]) await source.see(image, model, now);
  for (const now of [1_000, 1_200, 1_400]) await source.see(image, model, now);
  // The first frame after that counts as of the time of the last before it.
  expect(scene.asked).toEqual({ gate: 5, detector: 5 });
});

it('sees at once that somebody has gone who came for less time than the background takes to follow', async () => {
  let there = false;
  const box = { x: 0, y: 0, width: 0.5, height: 0.5 };
  const model = {
    async thumbnail() {
      return { width: 10, height: 10, data: new Uint8Array(100).fill(there ? 255 : 90, 0, 20) };
    },
    async infer() {
      return { detections: there ? [{ label: 'person', index: 0, score: 0.9, box }] : [] };
    },
  } as unknown as Model;
  const source = new Scene({ ...options, detectEveryMs: 0, lostMs: 0 });
  const countAt = async (now: number) => (await source.see(image, model, now)).tracks.length;
  expect(await countAt(0)).toBe(0);
  there = true;
  expect(await countAt(10)).toBe(1);
  there = false;
  expect(await countAt(20)).toBe(0);
});

it('looks at every frame without a gate and without a least time between two looks', async () => {
  const { scene, model } = room();
  const source = new Scene({ ...options, detectEveryMs: 0, motion: { ...options.motion, enabled: false } });
  for (let now = 0; now < 1_000; now += 100) await source.see(image, model, now);
  expect(scene.asked).toEqual({ gate: 0, detector: 10 });
});
