import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { loadGraphModel } from '@tensorflow/tfjs-converter';
import * as core from '@tensorflow/tfjs-core';
import sharp from 'sharp';
import { expect, it } from 'vitest';
import { Image } from '../../../src/image.ts';
import { writeBundle } from '../../../src/models/bundle.ts';
import type { Manifest } from '../../../src/models/manifest.ts';
import { noise } from '../../compiler/tfjs/models.ts';
import { computeOn } from '../../support/compute-on.ts';
import { scratchFolder, started } from '../fixtures.ts';

const human = join(dirname(createRequire(import.meta.url).resolve('@vladmandic/human')), '../models');
const folder = await scratchFolder();
const side = 96;

computeOn('wasm');

/** What TensorFlow.js says of the picture, asked without anything of ours. */
async function said(json: Buffer, weights: Buffer, pixels: Uint8Array): Promise<Map<string, Float32Array>> {
  const artifacts = await core.io.getModelArtifactsForJSON(JSON.parse(json.toString()), async (groups) => [
    groups.flatMap((group) => group.weights),
    new Uint8Array(weights).buffer,
  ]);
  const model = await loadGraphModel({ load: async () => artifacts });
  const picture = core.tensor(pixels, [1, side, side, 3], 'int32');
  const results = [await model.executeAsync(picture, model.outputNodes)].flat();
  const numbers = await Promise.all(results.map(async (each) => (await each.data()) as Float32Array));
  return new Map(model.outputNodes.map((name, i) => [name, numbers[i] ?? new Float32Array()]));
}

it('a detector of hands that loops over its boxes runs as any other model', async () => {
  const json = await readFile(join(human, 'handtrack.json'));
  const weights = await readFile(join(human, 'handtrack.bin'));
  const pixels = Uint8Array.from(noise([side * side * 3], 4), (each) => 128 + 100 * each);
  const raw = { width: side, height: side, channels: 3 } as const;
  const png = await sharp(pixels, { raw }).png().toBuffer();
  const answers = await said(json, weights, pixels);
  const small = [...answers].filter(([, { length }]) => length <= 400);
  const manifest: Omit<Manifest, 'files'> = {
    format: 1,
    name: 'hands',
    version: '1.0.0',
    task: 'detect',
    engine: 'tfjs',
    graph: 'handtrack.json',
    inputs: {
      'input_tensor:0': {
        kind: 'picture',
        width: side,
        height: side,
        colour: 'rgb',
        layout: 'nhwc',
        type: 'uint8',
        resize: 'fill',
      },
    },
    outputs: Object.fromEntries([...answers.keys()].map((name) => [name, { kind: 'tensor' }])),
    golden: {
      samples: [
        {
          inputs: { 'input_tensor:0': 'noise.png' },
          outputs: Object.fromEntries(small.map(([name, numbers]) => [name, [...numbers]])),
          tolerance: 1e-3,
        },
      ],
    },
  };
  const bundle = join(folder, 'hands.bundle');
  await writeBundle(manifest, { 'handtrack.json': json, 'handtrack.bin': weights, 'noise.png': png }, bundle);
  const { host } = await started(bundle, { maxBatch: 2 });
  const image = new Image({ data: pixels, format: 'raw', raw: { width: side, height: side, channels: 3 } });
  const both = await Promise.all([host.infer(image), host.infer(image)]);
  for (const { tensors } of both) {
    expect(tensors?.['Identity_1:0']?.shape).toEqual([100, 4]);
    for (const [name, numbers] of small) {
      const data = tensors?.[name]?.data ?? new Float32Array();
      expect(data.length).toBe(numbers.length);
      expect(Math.max(...numbers.map((each, i) => Math.abs(each - (data[i] ?? Number.NaN))))).toBeLessThan(
        1e-3,
      );
    }
  }
});
