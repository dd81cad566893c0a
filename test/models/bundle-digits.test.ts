import { existsSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { readModel } from '../../src/compiler/onnx/model.ts';
import { floatOperators, optimizedGraph } from '../../src/compiler/optimized.ts';
import { openSession, type Session } from '../../src/compiler/runtime.ts';
import { builtins, resolveBundle } from '../../src/models/builtin.ts';
import { type Bundle, readBundle } from '../../src/models/bundle.ts';
import { picturePart } from '../../src/training/dataset.ts';
import { accuracy, predict } from '../../src/training/evaluate.ts';
import { readMnist } from '../../src/training/mnist.ts';

const mnist = new URL('../../../shared/data/mnist/', import.meta.url);
const examples = new URL('../../examples/digits/', import.meta.url);

let bundle: Bundle;
let session: Session;

beforeAll(async () => {
  bundle = await readBundle(resolveBundle('builtin:digits'));
  session = await openSession(bundle.file(bundle.manifest.graph), { threads: 1 });
  return () => session.close();
});

async function pixelsOf(png: Uint8Array): Promise<Uint8Array> {
  expect(await sharp(png).metadata()).toMatchObject({ width: 28, height: 28, channels: 1, depth: 'uchar' });
  const data = await sharp(png).toColourspace('b-w').raw().toBuffer();
  expect(data).toHaveLength(28 * 28);
  return new Uint8Array(data);
}

async function answer(pixels: Uint8Array): Promise<Float32Array> {
  const [row] = await predict(session, {
    count: 1,
    feed: () => ({ type: 'uint8', dims: [1, 28, 28, 1], data: pixels }),
  });
  return row ?? new Float32Array();
}

/** The greatest difference to the golden row of each sample, with its pixels changed by `change`. */
async function differences(change: (pixels: Uint8Array) => Uint8Array): Promise<number[]> {
  const found: number[] = [];
  for (const { inputs, outputs } of bundle.manifest.golden.samples) {
    const row = await answer(change(await pixelsOf(bundle.file(inputs.image ?? ''))));
    found.push(Math.max(...row.map((p, k) => Math.abs(p - (outputs.probabilities?.[k] ?? Number.NaN)))));
  }
  return found;
}

describe('the digits bundle', () => {
  it('is small and says what it is', () => {
    expect(bundle.bytes).toBeLessThan(150_000);
    expect(bundle.manifest).toMatchObject({ name: 'digits', task: 'classify', license: 'Apache-2.0' });
    expect(bundle.manifest.labels).toEqual(['0', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
    expect(bundle.manifest.accuracy?.quantized).toBeGreaterThanOrEqual(0.975);
  });

  it('takes bytes in batches of any size', () => {
    expect(session.inputs).toEqual([{ name: 'image', type: 'uint8', shape: ['N', 28, 28, 1] }]);
    expect(session.outputs).toEqual([{ name: 'probabilities', type: 'float32', shape: ['N', 10] }]);
  });

  it('runs in integers, with nothing done to the pixels first', async () => {
    const optimized = await optimizedGraph(bundle.file(bundle.manifest.graph));
    expect(floatOperators(optimized)).toEqual([]);
    expect(optimized.nodes.map(({ op }) => op)).toEqual(['Reshape', 'QGemm', 'QGemm', 'Softmax']);
  });

  it('leaves the room that processors without VNNI need', () => {
    const { initializers } = readModel(bundle.file(bundle.manifest.graph));
    const weights = [...initializers.values()].flatMap(({ type, data }) =>
      type === 'int8' ? [...data] : [],
    );
    expect(weights.length).toBeGreaterThan(100_000);
    expect(Math.max(...weights.map(Math.abs))).toBe(64);
  });

  it('answers its golden samples', async () => {
    const tolerance = Math.min(...bundle.manifest.golden.samples.map((sample) => sample.tolerance));
    for (const difference of await differences((pixels) => pixels))
      expect(difference).toBeLessThan(tolerance);
  });

  it.each<[string, (pixels: Uint8Array) => Uint8Array]>([
    ['shifted by a pixel', (pixels) => pixels.map((_, i) => pixels[i - 1] ?? 0)],
    ['a tenth darker', (pixels) => pixels.map((ink) => Math.round(ink * 0.9))],
    ['inverted', (pixels) => pixels.map((ink) => 255 - ink)],
    ['upside down', (pixels) => pixels.slice().reverse()],
  ])('has golden samples that pictures %s would not pass', async (_, change) => {
    const tolerance = Math.max(...bundle.manifest.golden.samples.map((sample) => sample.tolerance));
    const failed = (await differences(change)).filter((difference) => difference > tolerance);
    expect(failed.length).toBeGreaterThan(5);
  });

  it('knows the digits of the examples', async () => {
    const files = readdirSync(examples).filter((file) => file.endsWith('.png'));
    expect(files.length).toBeGreaterThanOrEqual(100);
    let right = 0;
    for (const file of files) {
      const row = await answer(await pixelsOf(await readFile(new URL(file, examples))));
      if (row.indexOf(Math.max(...row)) === Number(file[0])) right++;
    }
    expect(right / files.length).toBeGreaterThan(0.95);
  });

  it.skipIf(!existsSync(mnist))(
    'knows 97.5 % of the test digits of MNIST (skipped where ../shared/data/mnist is missing)',
    async () => {
      const test = await readMnist(fileURLToPath(mnist), 't10k');
      const share = accuracy(await predict(session, picturePart(test, 'class')), test.labels);
      expect(share).toBeGreaterThanOrEqual(0.975);
      expect(share).toBeCloseTo(bundle.manifest.accuracy?.quantized ?? 0, 2);
    },
  );
});

describe('resolveBundle', () => {
  it('takes whatever is no built-in as a path', () => {
    expect(resolveBundle('./some/where.bundle')).toBe('./some/where.bundle');
  });

  it.each(['builtin:nothing', 'builtin:', 'builtin:../digits'])(
    'refuses %s and says what there is',
    (spec) => {
      expect(() => resolveBundle(spec)).toThrow(
        expect.objectContaining({
          code: 'BUNDLE_INVALID',
          message: expect.stringContaining(builtins().join(', ')),
        }),
      );
      expect(builtins()).toContain('digits');
    },
  );
});
