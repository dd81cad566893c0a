import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as core from '@tensorflow/tfjs-core';
import { layers, sequential } from '@tensorflow/tfjs-layers';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { importTfjs } from '../../../src/compiler/tfjs/import.ts';
import { writeBundle } from '../../../src/models/bundle.ts';
import type { Manifest } from '../../../src/models/manifest.ts';
import { attr, Net, noise, saveModel } from '../../compiler/tfjs/models.ts';
import { computeOn } from '../../support/compute-on.ts';
import { hostOf, plain, scratchFolder, started } from '../fixtures.ts';

const folder = await scratchFolder();

computeOn('cpu');

type Parts = Pick<Manifest, 'inputs' | 'outputs' | 'golden'>;

/** A bundle of the model at `path`, with further files; `drop` leaves some out. */
async function bundleOf(
  name: string,
  path: string,
  parts: Parts,
  files: Readonly<Record<string, Uint8Array>>,
  weights = true,
): Promise<string> {
  const bundle = join(folder, `${name}.bundle`);
  const shard = await readFile(join(dirname(path), 'weights.bin'));
  await writeBundle(
    {
      format: 1,
      name,
      version: '1.0.0',
      task: 'classify',
      engine: 'tfjs',
      graph: 'net/model.json',
      ...parts,
    },
    { 'net/model.json': await readFile(path), ...(weights && { 'net/weights.bin': shard }), ...files },
    bundle,
  );
  return bundle;
}

function bytes(numbers: Float32Array): Uint8Array {
  return new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
}

/** Rectifies where the sum is above 0, else negates: a branch, so no graph of ONNX as the compiler writes it. */
async function branching(): Promise<string> {
  const net = new Net();
  const x = net.input('x', [1, 3]);
  const sum = net.add('Sum', [x, net.ints(0, 1)]);
  const above = net.add('Greater', [sum, net.float(0)]);
  const way = net.add('Switch', [x, above]);
  const negative = net.add('Neg', [way]);
  const positive = net.add('Relu', [`${way}:1`]);
  return net.save([net.add('Merge', [negative, positive])]);
}

const branchingParts = (expected: readonly number[]): Parts => ({
  inputs: { x: { kind: 'tensor', type: 'float32', shape: [3] } },
  outputs: { y0: { kind: 'tensor' } },
  golden: { samples: [{ inputs: { x: 'x.bin' }, outputs: { y0: expected }, tolerance: 1e-6 }] },
});

const sample = { 'x.bin': bytes(Float32Array.of(2, -1, 3)) };

describe('a model that TensorFlow.js runs', () => {
  it('has what the compiler cannot import, and answers each of a batch made for one at a time', async () => {
    const path = await branching();
    await expect(importTfjs(path)).rejects.toMatchObject({ code: 'COMPILE_FAILED' });
    const { host } = await started(await bundleOf('branching', path, branchingParts([2, 0, 3]), sample));
    const inputs = [
      [1, -2, 3],
      [-1, -2, -3],
      [-5, 1, 0],
    ];
    const answers = await Promise.all(
      inputs.map((row) => host.infer({ x: { data: Float32Array.from(row), shape: [3] } })),
    );
    expect(answers.map(({ tensors }) => [...(tensors?.y0?.data ?? [])].map((each) => each + 0))).toEqual([
      [1, 0, 3],
      [1, 2, 3],
      [5, -1, 0],
    ]);
  });

  it('has the layers of Keras, in batches, with the answers of TensorFlow.js', async () => {
    const recurrent = layers.lstm({ units: 5, inputShape: [4, 2], recurrentInitializer: 'zeros' });
    const model = sequential({ layers: [recurrent, layers.dense({ units: 3, activation: 'softmax' })] });
    for (const [i, weight] of model.weights.entries()) {
      weight.write(core.tensor(noise(weight.shape as number[], i), weight.shape as number[]));
    }
    const weights = Object.fromEntries(
      await Promise.all(
        model.weights.map(async (weight) => {
          const data = (await weight.read().data()) as Float32Array;
          return [weight.originalName, { dims: weight.shape as number[], data }] as const;
        }),
      ),
    );
    const path = await saveModel(model.toJSON(null, false), weights);
    const rows = Array.from({ length: 6 }, (_, i) => noise([4, 2], 20 + i));
    const said = rows.map((row) => {
      const answer = model.predict(core.tensor3d(row, [1, 4, 2]));
      return [...(answer as core.Tensor).dataSync()];
    });
    const [input = ''] = model.inputNames;
    const output = model.outputs[0]?.sourceLayer.name ?? '';
    const file = await bundleOf(
      'recurrent',
      path,
      {
        inputs: { [input]: { kind: 'tensor', type: 'float32', shape: [4, 2] } },
        outputs: { [output]: { kind: 'classes', activation: 'none', top: 3 } },
        golden: {
          samples: [0, 1].map((i) => ({
            inputs: { [input]: `${i}.bin` },
            outputs: { [output]: said[i] ?? [] },
            tolerance: 1e-5,
          })),
        },
      },
      { '0.bin': bytes(rows[0] ?? new Float32Array()), '1.bin': bytes(rows[1] ?? new Float32Array()) },
    );
    const { host } = await started(file);
    const answers = await Promise.all(rows.map((data) => host.infer({ [input]: { data, shape: [4, 2] } })));
    for (const [i, { classes = [] }] of answers.entries()) {
      for (const { index, score } of classes) expect(score).toBeCloseTo(said[i]?.[index] ?? Number.NaN, 5);
    }
    expect(Math.max(...answers.map(({ timing }) => timing.batchSize))).toBeGreaterThan(1);
  });

  it('takes the bytes of pictures where it wants integers', async () => {
    const net = new Net();
    const x = net.input('pixels', [1, 2, 2, 3], 'DT_INT32');
    const floats = net.add('Cast', [x], { SrcT: attr.type('DT_INT32'), DstT: attr.type('DT_FLOAT') });
    const path = await net.save([net.add('Mean', [floats, net.ints(1, 2)])]);
    const picture = sharp({ create: { width: 2, height: 2, channels: 3, background: '#090909' } });
    const pixels = { kind: 'picture', width: 2, height: 2, colour: 'rgb', layout: 'nhwc' } as const;
    const file = await bundleOf(
      'bytes',
      path,
      {
        inputs: { pixels: { ...pixels, type: 'uint8', resize: 'fill' } },
        outputs: { y0: { kind: 'tensor' } },
        golden: {
          samples: [{ inputs: { pixels: 'grey.png' }, outputs: { y0: [9, 9, 9] }, tolerance: 0 }],
        },
      },
      { 'grey.png': await picture.png().toBuffer() },
    );
    const { host } = await started(file);
    const { tensors } = await host.infer(plain(10, 20, 30));
    expect([...(tensors?.y0?.data ?? [])]).toEqual([10, 20, 30]);
  });

  it.each<[string, () => Promise<string>, object]>([
    [
      'answers its golden samples otherwise',
      async () => bundleOf('other', await branching(), branchingParts([2, 0, 4]), sample),
      { code: 'MODEL_GOLDEN_MISMATCH' },
    ],
    [
      'lacks its weights',
      async () => bundleOf('light', await branching(), branchingParts([2, 0, 3]), sample, false),
      { code: 'BUNDLE_INVALID', message: expect.stringContaining('net/weights.bin') },
    ],
    [
      'has an operator that nobody knows',
      async () => {
        const net = new Net();
        const path = await net.save([net.add('Transmogrify', [net.input('x', [1, 3])])]);
        return bundleOf('unknown', path, branchingParts([2, 0, 3]), sample);
      },
      { code: 'MODEL_LOAD_FAILED', message: expect.stringMatching(/net\/model\.json.*Transmogrify/i) },
    ],
    [
      'is cut short',
      async () => {
        const path = await branching();
        await writeFile(path, (await readFile(path)).subarray(0, 100));
        return bundleOf('cut', path, branchingParts([2, 0, 3]), sample);
      },
      { code: 'MODEL_LOAD_FAILED', message: expect.stringContaining('net/model.json') },
    ],
    [
      'takes other numbers than its manifest says',
      async () => {
        const net = new Net();
        const path = await net.save([net.add('Relu', [net.input('x', [1, 4])])]);
        return bundleOf('wide', path, branchingParts([2, 0, 3]), sample);
      },
      { code: 'MODEL_LOAD_FAILED', message: expect.stringContaining('float32 [N,3]') },
    ],
  ])('that %s is refused', async (_, make, error) => {
    const { host } = hostOf(await make());
    await expect(host.start(AbortSignal.timeout(20_000))).rejects.toMatchObject(error);
  });
});
