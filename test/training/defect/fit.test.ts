import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { Image } from '../../../src/image.ts';
import { type LoadedModel, loadModel } from '../../../src/models/child/loaded-model.ts';
import { packInputs } from '../../../src/models/protocol.ts';
import { fitParts } from '../../../src/training/defect/fit.ts';
import { fitMarkedParts } from '../../../src/training/defect/fit-marked.ts';
import { writePartBundle } from '../../../src/training/defect/part-bundle.ts';
import { partFiles, readMasks, readParts } from '../../../src/training/defect/read-parts.ts';
import { discMask, encoded, folderOf, plate, side } from './parts.ts';

const spot = { x: 170, y: 90, radius: 14 };

async function judge(model: LoadedModel, pixels: Buffer) {
  const image = new Image({ data: await encoded(pixels), format: 'jpeg' });
  const { tensors } = await model.run(packInputs([image]));
  const heatmap = tensors?.heatmap;
  return {
    score: tensors?.score?.data[0] ?? Number.NaN,
    heat: Float32Array.from(heatmap?.data ?? []),
    shape: heatmap?.shape,
    local: Float32Array.from(tensors?.local?.data ?? []),
  };
}

async function load(bundle: string): Promise<LoadedModel> {
  return loadModel({ bundle, threads: 1, maxBatch: 4, maxPixels: 2 ** 24 });
}

describe('a model fitted to good parts alone', () => {
  let model: LoadedModel;
  beforeAll(async () => {
    const folder = await folderOf(Array.from({ length: 24 }, (_, i) => plate(i + 1)));
    const files = await partFiles(folder);
    const fitted = await fitParts({ good: await readParts(files), seed: 1 });
    const out = join(folder, 'plate.bundle');
    const about = { name: 'plate', version: '1.0.0', description: 'Plates.', golden: files.slice(0, 2) };
    await writePartBundle({ fitted, ...about }, out);
    model = await load(out);
  }, 120_000);

  test('answers its own golden samples and says that it finds anomalies', () => {
    expect(model.manifest.task).toBe('anomaly');
    expect(model.manifest.golden.samples).toHaveLength(2);
  });

  test('passes good parts that it has never seen', async () => {
    // One after the other: calls of a loaded model must not overlap.
    for (const seed of [101, 102, 103, 104, 105, 106])
      expect((await judge(model, plate(seed))).score).toBeLessThan(0.5);
  }, 30_000);

  test('finds a spot of a few pixels', async () => {
    const { score } = await judge(model, plate(108, { x: 60, y: 200, radius: 5 }));
    expect(score).toBeGreaterThan(0.5);
  });

  test('says of places what is there, whatever is elsewhere', async () => {
    const { local } = await judge(model, plate(109, spot));
    const far = local.filter(
      (_, i) => Math.hypot((i % 32) * 8 - spot.x, Math.floor(i / 32) * 8 - spot.y) > 80,
    );
    expect(Math.max(...local)).toBeGreaterThan(0.5);
    expect(Math.max(...far)).toBeLessThan(0.5);
  });

  test('finds a spot that no good part has, and shows where it is', async () => {
    const { score, heat, shape } = await judge(model, plate(105, spot));
    expect(score).toBeGreaterThan(0.5);
    expect(shape).toEqual([1, 32, 32]);
    const hottest = heat.indexOf(Math.max(...heat));
    const cell = side / 32;
    expect(Math.abs((hottest % 32) * cell + cell / 2 - spot.x)).toBeLessThan(32);
    expect(Math.abs(Math.floor(hottest / 32) * cell + cell / 2 - spot.y)).toBeLessThan(32);
  }, 30_000);

  test('does not mind the exposure, neither for good parts nor for spots', async () => {
    const [good, bad] = [plate(106), plate(107, spot)];
    for (const gain of [0.6, 0.8, 1.3]) {
      const exposed = (pixels: Buffer) => judge(model, Buffer.from(pixels.map((value) => value * gain)));
      expect((await exposed(good)).score).toBeLessThan(0.5);
      expect((await exposed(bad)).score).toBeGreaterThan(0.5);
    }
  }, 30_000);
});

test('masks of bad parts teach what defects look like', async () => {
  const good = await readParts(
    await partFiles(await folderOf([1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((i) => plate(i)))),
  );
  const spots = [20, 21, 22, 23, 24, 25].map((i) => ({
    x: 40 + 30 * (i - 20),
    y: 60 + 20 * (i - 20),
    radius: 12,
  }));
  const bad = await partFiles(await folderOf(spots.map((each, i) => plate(20 + i, each))));
  const masks = await readMasks(await partFiles(await folderOf(spots.map(discMask))));
  const { heldOut } = await fitMarkedParts({ good, bad: await readParts(bad), masks, steps: 10, seed: 1 });
  expect(Math.min(...heldOut.bad)).toBeGreaterThan(0.5);
  expect(heldOut.good.filter((score) => score > 0.5).length).toBeLessThanOrEqual(2);
}, 180_000);

test('too few good parts are refused', async () => {
  const good = await readParts(await partFiles(await folderOf([plate(1), plate(2)])));
  await expect(fitParts({ good, seed: 1 })).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
});

test('a folder without pictures is refused by name', async () => {
  await expect(partFiles('/nowhere')).rejects.toMatchObject({ code: 'DATASET_INVALID' });
});
