import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { npmDigits, pngOf } from '../../scripts/npm-digits.ts';
import { readBundle } from '../../src/models/bundle.ts';
import { loadTensorFlow } from '../../src/training/backend.ts';
import { bundleRun } from '../../src/training/bundle-run.ts';
import { optimizeRun } from '../../src/training/optimize.ts';
import { seeded } from '../../src/training/random.ts';
import { type Recipe, recipeDefaults } from '../../src/training/recipe.ts';
import { saveLayers } from '../../src/training/save-layers.ts';
import { trainRun } from '../../src/training/train-run.ts';
import { scratch } from './mnist-files.ts';

const digits = npmDigits();

/** `each` pictures of these digits, a folder a digit. */
async function digitFolders(classes: readonly number[], each: number): Promise<string> {
  const folder = await scratch();
  for (const digit of classes) {
    await mkdir(join(folder, `${digit}`));
    const first = digits.labels.indexOf(digit);
    for (let i = 0; i < each; i++)
      await writeFile(join(folder, `${digit}`, `${i}.png`), await pngOf(digits, first + i));
  }
  return folder;
}

const picture = { width: 28, height: 28, colour: 'grey' } as const;

async function optimizedBundle(recipe: Recipe) {
  const out = await scratch();
  const report = await trainRun({ recipe, out, resume: false });
  const optimized = await optimizeRun(out, { bound: 5, samples: 50, prefer: 'size' });
  const path = join(out, 'model.bundle');
  await bundleRun({ folder: out, out: path, name: 'some', version: '1.0.0' });
  return { report, optimized, bundle: await readBundle(path) };
}

describe('classify', () => {
  it('learns a folder a class from scratch', async () => {
    const data = await digitFolders([0, 1, 7], 60);
    const recipe = {
      task: 'classify',
      data,
      net: 'conv',
      seed: 1,
      picture,
      ...recipeDefaults('classify', 'conv'),
      epochs: 12,
      augmentation: { shift: 1 },
    } as const;
    const { report, optimized, bundle } = await optimizedBundle(recipe);
    expect(report.card).toMatchObject({
      labels: ['0', '1', '7'],
      data: { training: 126, heldOut: 27, test: 27 },
    });
    expect(report.result.accuracy).toBeGreaterThan(0.85);
    expect(optimized.result.count).toBe(27);
    expect(bundle.manifest).toMatchObject({ task: 'classify', labels: ['0', '1', '7'] });
  });

  it('trains a head on what a frozen net says', async () => {
    const tensorflow = await loadTensorFlow();
    const { layers, sequential, initializers } = tensorflow.layers;
    const kernelInitializer = initializers.glorotUniform({ seed: 1 });
    const backbone = await scratch();
    const frozen = sequential({
      layers: [
        layers.conv2d({
          inputShape: [28, 28, 1],
          filters: 16,
          kernelSize: 5,
          strides: 3,
          activation: 'relu',
          kernelInitializer,
        }),
        layers.flatten(),
        layers.dense({ units: 4, activation: 'softmax', kernelInitializer }),
      ],
    });
    await saveLayers(tensorflow, frozen, backbone);
    const data = await digitFolders([0, 1, 7], 60);
    const recipe = {
      task: 'classify',
      data,
      net: 'head',
      seed: 1,
      ...recipeDefaults('classify', 'head'),
      backbone: {
        path: join(backbone, 'model.json'),
        features: 'penultimate',
        preprocessing: { scale: 1 / 255 },
      },
    } as const;
    const { report, optimized, bundle } = await optimizedBundle(recipe);
    expect(report.parameters).toBe(8 * 8 * 16 * 3 + 3);
    expect(report.result.accuracy).toBeGreaterThan(0.9);
    expect(optimized.compiled.form).toBe('int8');
    expect(Object.values(bundle.manifest.inputs)).toMatchObject([
      { kind: 'picture', colour: 'grey', width: 28, type: 'uint8' },
    ]);
  });

  it('is refused where there is nothing to tell apart', async () => {
    const data = await digitFolders([0], 8);
    const recipe = {
      task: 'classify',
      data,
      net: 'conv',
      seed: 1,
      ...recipeDefaults('classify', 'conv'),
    } as const;
    const training = trainRun({ recipe, out: await scratch(), resume: false });
    await expect(training).rejects.toMatchObject({ code: 'DATASET_INVALID' });
  });
});

describe('autoencoder', () => {
  it('learns windows of readings and tells others from them', async () => {
    const folder = await scratch();
    const noise = seeded(1);
    const lines = Array.from({ length: 1200 }, (_, t) => {
      const turn = (2 * Math.PI * t) / 20;
      return `2026-01-01T00:00:${t},${(5 + Math.sin(turn) + 0.05 * noise()).toFixed(4)},${(100 * Math.cos(turn)).toFixed(3)}`;
    });
    await writeFile(join(folder, 'pump.csv'), ['time,pressure,flow', ...lines, ''].join('\n'));
    const readings = { window: 20, stride: 5, rateHz: 10 };
    const recipe = {
      task: 'autoencoder',
      data: join(folder, 'pump.csv'),
      net: 'dense',
      seed: 1,
      readings,
      ...recipeDefaults('autoencoder', 'dense'),
      epochs: 30,
    } as const;
    const { report, optimized, bundle } = await optimizedBundle(recipe);
    expect(report.result.errors?.p99).toBeLessThan(0.1);
    expect(optimized.metric).toBe('explained variance');
    expect(optimized.result.optimized).toBeGreaterThan(0.9);
    const { manifest } = bundle;
    expect(manifest).toMatchObject({
      task: 'anomaly',
      readings: { kind: 'autoencoder', ...readings, channels: ['pressure', 'flow'] },
    });
    expect(manifest.readings?.mean[0]).toBeCloseTo(5, 0);
    expect(manifest.thresholds?.error).toBeGreaterThan(0);
  });

  it('learns pictures of good parts', async () => {
    const data = await digitFolders([1], 60);
    const recipe = {
      task: 'autoencoder',
      data,
      net: 'conv',
      seed: 1,
      picture: { ...picture, width: 32, height: 32 },
      ...recipeDefaults('autoencoder', 'conv'),
      epochs: 8,
    } as const;
    const { report, bundle } = await optimizedBundle(recipe);
    const [first, last] = [report.history[0], report.history.at(-1)];
    expect(last?.heldOut?.loss).toBeLessThan((first?.heldOut?.loss ?? 0) / 2);
    expect(bundle.manifest.outputs).toEqual({ reconstruction: { kind: 'tensor' } });
  });
});
