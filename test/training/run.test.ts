import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { liteRtSession } from '../../bench/compiler/litert.ts';
import { npmDigits } from '../../scripts/npm-digits.ts';
import { openSession } from '../../src/compiler/runtime.ts';
import { readBundle } from '../../src/models/bundle.ts';
import { bundleRun } from '../../src/training/bundle-run.ts';
import { greatest, predict } from '../../src/training/evaluate.ts';
import { type OptimizeReport, optimizeRun } from '../../src/training/optimize.ts';
import { pick, scaled, slice } from '../../src/training/pictures.ts';
import { permutation, seeded } from '../../src/training/random.ts';
import { type Recipe, recipeDefaults } from '../../src/training/recipe.ts';
import { exportRun } from '../../src/training/tflite/export-run.ts';
import type { RunReport } from '../../src/training/train-report.ts';
import { trainRun } from '../../src/training/train-run.ts';
import { mnistFolder, scratch, temporary } from './mnist-files.ts';

const examples = fileURLToPath(new URL('../../examples/digits/', import.meta.url));
const all = npmDigits();
const mixed = pick(all, permutation(all.count, seeded(1)));
const test = slice(mixed, 6000, 7000);

describe('a run on a few digits', () => {
  let data: string;
  let folder: string;
  let recipe: Recipe;
  let trained: RunReport;
  let optimized: OptimizeReport;

  beforeAll(async () => {
    const keep = await temporary();
    folder = keep.folder;
    data = await mnistFolder({ train: slice(mixed, 0, 3500), t10k: test }, folder);
    const defaults = { ...recipeDefaults('mnist', 'conv'), epochs: 3, batchSize: 32 };
    recipe = { task: 'mnist', data, net: 'conv', seed: 1, ...defaults };
    trained = await trainRun({ recipe, out: folder, resume: false });
    optimized = await optimizeRun(folder, { bound: 0.5, samples: 200, prefer: 'size' });
    return keep.remove;
  }, 120_000);

  it('says what came of it, for people and programs', async () => {
    expect(trained.result.accuracy).toBeGreaterThan(0.85);
    expect(trained.result.confusion?.flat().reduce((sum, count) => sum + count, 0)).toBe(test.count);
    expect(trained.card.data).toMatchObject({ training: 1500, heldOut: 2000, test: test.count });
    expect(JSON.parse(await readFile(join(folder, 'report.json'), 'utf8'))).toEqual(trained);
    const report = await readFile(join(folder, 'report.md'), 'utf8');
    expect(report).toContain(`**${((trained.result.accuracy ?? 0) * 100).toFixed(2)} %**`);
    expect(report).toMatch(/^\| \*\*9\*\* \|.* % \|$/m);
    const svg = await readFile(join(folder, 'curves.svg'), 'utf8');
    expect(svg.match(/<polyline/g)).toHaveLength(4);
    expect(svg).not.toContain('NaN');
  });

  it('is optimized to int8, within the bound and much smaller', () => {
    expect(optimized.compiled.form).toBe('int8');
    expect(optimized.compiled.inputs).toEqual([{ name: 'image', type: 'uint8', shape: ['N', 28, 28, 1] }]);
    expect(optimized.result.float).toBeCloseTo(trained.result.accuracy ?? 0, 6);
    expect(optimized.result.optimized).toBeGreaterThan(optimized.result.float - 0.01);
    expect(optimized.bytes.float / optimized.bytes.optimized).toBeGreaterThan(3.5);
  });

  it('stays in float where int8 would cost more than it may', async () => {
    const out = await scratch();
    for (const file of ['model.json', 'weights.bin', 'run.json'])
      await writeFile(join(out, file), await readFile(join(folder, file)));
    const report = await optimizeRun(out, { bound: -101, samples: 20, prefer: 'size' });
    expect(report.compiled.form).toBe('float');
  });

  it('becomes a bundle that any gateway can check', async () => {
    const out = join(await scratch(), 'few.bundle');
    const options = { folder, out, name: 'few', version: '1.2.3', golden: examples };
    const first = await bundleRun(options);
    const { manifest, file } = await readBundle(out);
    expect(manifest).toMatchObject({
      task: 'classify',
      labels: ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'],
      trained: { dataset: 'MNIST', digest: trained.card.data.digest, samples: 1500, seed: 1 },
      accuracy: { metric: 'top-1', quantized: optimized.result.optimized },
      quantization: { scheme: 'int8-qdq', calibration: { samples: 200 } },
    });
    expect(manifest.golden.samples).toHaveLength(20);
    expect(file('golden/00.png').subarray(1, 4)).toEqual(Buffer.from('PNG'));
    expect(await bundleRun(options)).toEqual(first);
  });

  it.each([
    ['float', false, 1],
    ['int8', true, 0.98],
  ])('becomes a .tflite in %s that LiteRT answers alike', async (_, int8, share) => {
    const theirs = await answersOfLiteRt(await exportRun(folder, { int8, samples: 200 }), int8);
    const ours = await answersOfRun(folder);
    const same = ours.filter((answer, i) => answer === theirs[i]).length;
    expect(same / test.count).toBeGreaterThanOrEqual(share);
  });

  it('goes on after an epoch to the same weights as without a break', async () => {
    const stop = new AbortController();
    const broken = await scratch();
    const options = { recipe: { ...recipe, limit: 200, epochs: 3 }, out: broken };
    const first = trainRun({ ...options, resume: false, signal: stop.signal, onEpoch: () => stop.abort() });
    await expect(first).rejects.toMatchObject({ name: 'AbortError' });
    expect(await readdir(broken)).not.toContain('run.json');
    await trainRun({ ...options, resume: true });
    const whole = await scratch();
    await trainRun({ ...options, out: whole, resume: false });
    expect(await readFile(join(broken, 'weights.bin'))).toEqual(await readFile(join(whole, 'weights.bin')));
    const other = trainRun({ ...options, recipe: { ...options.recipe, seed: 2 }, resume: true });
    await expect(other).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
  });

  it('is refused where its data are others by now, or where it is none', async () => {
    const out = await scratch();
    await expect(optimizeRun(out, { bound: 1, samples: 1, prefer: 'size' })).rejects.toMatchObject({
      code: 'REQUEST_INVALID',
    });
    const card = JSON.parse(await readFile(join(folder, 'run.json'), 'utf8'));
    const other = await mnistFolder({ train: slice(mixed, 1, 3500), t10k: test });
    await writeFile(
      join(out, 'run.json'),
      JSON.stringify({ ...card, recipe: { ...card.recipe, data: other } }),
    );
    await expect(exportRun(out, { int8: true, samples: 1 })).rejects.toMatchObject({
      code: 'DATASET_INVALID',
    });
    await rm(join(out, 'run.json'));
    await expect(
      bundleRun({ folder: out, out: join(out, 'x'), name: 'x', version: '1.0.0' }),
    ).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
  });
});

/** What the float net says through TensorFlow.js's own file and the runtime of the gateway. */
async function answersOfRun(folder: string): Promise<number[]> {
  const { compile } = await import('../../src/compiler/compile.ts');
  const { file } = await compile({ path: join(folder, 'model.json') });
  const session = await openSession(file, { threads: 1 });
  const rows = await predict(session, {
    count: test.count,
    feed: (from, to) => ({
      type: 'float32',
      dims: [to - from, 28, 28, 1],
      data: scaled(slice(test, from, to)),
    }),
  });
  await session.close();
  return rows.map(greatest);
}

async function answersOfLiteRt(file: Uint8Array, int8: boolean): Promise<number[]> {
  const session = await liteRtSession(file);
  const answers: number[] = [];
  for (let i = 0; i < test.count; i++) {
    const one = slice(test, i, i + 1);
    const [output] = await session.run([
      int8 ? Int8Array.from(one.pixels, (byte) => byte - 128) : scaled(one),
    ]);
    answers.push(greatest(Float32Array.from((output ?? []) as Float32Array)));
  }
  session.close();
  return answers;
}
