import { readFileSync } from 'node:fs';
import { mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { layers, sequential } from '@tensorflow/tfjs-layers';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compile } from '../../../src/compiler/compile.ts';
import { artifactsOf } from '../../../src/compiler/tfjs/artifacts.ts';
import { importGraphModel } from '../../../src/compiler/tfjs/graph-model.ts';
import { importTfjs } from '../../../src/compiler/tfjs/import.ts';
import { importLayersModel } from '../../../src/compiler/tfjs/layers-model.ts';
import { GatewayError } from '../../../src/errors.ts';
import { computeOn } from '../../support/compute-on.ts';
import { strides, weight } from './case.ts';
import { attr, Net, noise, saveModel, type Weight } from './models.ts';

computeOn('cpu');

/** A net with a bit of everything that the reader follows. */
async function graphModel(): Promise<string> {
  const net = new Net();
  const x = net.input('x', [-1, 6, 6, 3]);
  const filter = net.constant(weight([3, 3, 3, 4]));
  const fused = net.add('_FusedConv2D', [x, filter, net.constant(weight([4]))], {
    strides: strides(2),
    padding: attr.text('SAME'),
    num_args: attr.int(1),
    fused_ops: attr.texts('BiasAdd', 'Relu6'),
  });
  const resized = net.add('ResizeBilinear', [fused, net.ints(5, 5)]);
  const parts = net.add('Split', [net.int(3), resized], { num_split: attr.int(2) });
  const sliced = net.add('StridedSlice', [`${parts}:1`, net.ints(0, 1), net.ints(0, -1), net.ints(1, 2)], {
    begin_mask: attr.int(1),
    end_mask: attr.int(1),
  });
  const flat = net.add('Reshape', [sliced, net.ints(-1, 20)]);
  const filled = net.add('Fill', [net.ints(1, 20), net.float(0.5)]);
  const best = net.add('TopKV2', [net.add('AddV2', [flat, filled]), net.int(3)]);
  return net.save([best, net.add('OneHot', [`${best}:1`, net.int(20), net.float(1), net.float(0)])]);
}

async function layersModel(): Promise<string> {
  const network = sequential({
    layers: [
      layers.conv2d({ filters: 3, kernelSize: 3, inputShape: [6, 6, 2], padding: 'same' }),
      layers.batchNormalization(),
      layers.upSampling2d({ size: [2, 2] }),
      layers.reshape({ targetShape: [12, 36] }),
    ],
  });
  const weights: Record<string, Weight> = Object.fromEntries(
    network.weights.map(({ originalName, shape }) => {
      const dims = shape.map(Number);
      return [originalName, { dims, data: noise(dims) }];
    }),
  );
  return saveModel(network.toJSON(null, false), weights);
}

type Json = Record<string, unknown> | unknown[];

/** Every place of the tree that can be changed. */
function places(value: unknown): [Json, string | number][] {
  if (typeof value !== 'object' || value === null) return [];
  const keys = Array.isArray(value) ? [...value.keys()] : Object.keys(value);
  return keys.flatMap(
    (key) => [[value as Json, key], ...places((value as never)[key])] as [Json, string | number][],
  );
}

const rubbish: readonly unknown[] = [
  null,
  '',
  '-1',
  '2147483647',
  '9007199254740993',
  -1,
  0,
  3,
  1e308,
  2 ** 31,
  [],
  [[1, [2]]],
  [1e9, 1e9],
  {},
  true,
  'Softmax',
  'x',
  'n1',
  'InputLayer',
  '__proto__',
];

describe.each([
  ['graph model', graphModel, importGraphModel],
  ['layers model', layersModel, importLayersModel],
] as const)('a damaged %s is refused or imported, and nothing else happens', (_, make, importModel) => {
  it('with any few things changed or left out', async () => {
    const path = await make();
    const file = readFileSync(path, 'utf8');
    const bytes = new Uint8Array(readFileSync(join(dirname(path), 'weights.bin')));
    const count = places(JSON.parse(file)).length;
    const seen = new Set<string>();
    const change = fc.record({ at: fc.nat(count - 1), what: fc.nat(rubbish.length) });
    const numbers = fc.array(
      fc.record({ at: fc.nat(bytes.length - 1), value: fc.integer({ min: 0, max: 255 }) }),
      {
        maxLength: 4,
      },
    );
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), numbers, (changes, flips) => {
        const model = JSON.parse(file);
        const all = places(model);
        for (const { at, what } of changes) {
          const [parent, key] = all[at] ?? [];
          if (parent === undefined || key === undefined) continue;
          if (what === rubbish.length) Reflect.deleteProperty(parent, key);
          else Object.assign(parent, { [key]: rubbish[what] });
        }
        const data = bytes.slice();
        for (const { at, value } of flips) data[at] = value;
        seen.add(outcome(model, data, importModel));
      }),
      { numRuns: 1000 },
    );
    expect([...seen].sort()).toEqual(['COMPILE_FAILED', 'imported']);
  });

  it('cut anywhere', async () => {
    const path = await make();
    const file = await readFile(path);
    for (let length = 0; length < file.length; length += 97) {
      await writeFile(path, file.subarray(0, length));
      await expect(importTfjs(path)).rejects.toMatchObject({ code: 'COMPILE_FAILED' });
    }
  });
});

/** The code of the error that the model gives, if it gives one. Anything but an error of ours is thrown on. */
function outcome(model: unknown, data: Uint8Array, importModel: typeof importGraphModel): string {
  try {
    const { modelTopology, weightsManifest } = model as {
      modelTopology: object;
      weightsManifest?: [{ weights?: object[] }?];
    };
    const specs = weightsManifest?.[0]?.weights;
    importModel(
      artifactsOf({ modelTopology, weightSpecs: Array.isArray(specs) ? specs : [] }, data, 'damaged'),
    );
    return 'imported';
  } catch (error) {
    if (error instanceof GatewayError) return error.code;
    throw error;
  }
}

describe('weights', () => {
  const damaged: Readonly<Record<string, readonly [(path: string) => Promise<unknown>, string]>> = {
    'that are missing': [(path) => rm(join(dirname(path), 'weights.bin')), 'weights.bin'],
    'that are too short': [
      (path) => writeFile(join(dirname(path), 'weights.bin'), new Uint8Array(8)),
      'bytes of weights',
    ],
    'that are a folder': [
      async (path) => {
        await rm(join(dirname(path), 'weights.bin'));
        await mkdir(join(dirname(path), 'weights.bin'));
      },
      'a file',
    ],
    'that lie elsewhere': [(path) => moved(path, '../weights.bin'), 'a file beside model.json'],
    'that lie at the root': [(path) => moved(path, '/etc/passwd'), 'a file beside model.json'],
    'without end': [
      async (path) => {
        await rm(join(dirname(path), 'weights.bin'));
        await symlink('/dev/zero', join(dirname(path), 'weights.bin'));
      },
      'a file',
    ],
  };

  async function moved(path: string, to: string): Promise<void> {
    const text = await readFile(path, 'utf8');
    await writeFile(path, text.replace('"weights.bin"', JSON.stringify(to)));
  }

  it.each(Object.entries(damaged))('%s are refused', async (_, [damage, message]) => {
    const path = await graphModel();
    await damage(path);
    await expect(importTfjs(path)).rejects.toMatchObject({
      code: 'COMPILE_FAILED',
      message: expect.stringContaining(message),
    });
  });
});

describe('a graph', () => {
  const refused: Readonly<Record<string, readonly [(net: Net) => string, RegExp]>> = {
    'of a cycle': [
      (net) => {
        net.nodes.push({ name: 'a', op: 'Relu', input: ['b'] }, { name: 'b', op: 'Relu', input: ['a'] });
        return 'a';
      },
      /no cycle for node/,
    ],
    'that reads a node that is not there': [(net) => net.add('Relu', ['nobody']), /nobody/],
    'of an unknown operator': [
      (net) => net.add('Transmogrify', [net.input('x', [1, 2])]),
      /Transmogrify, at node n1 \(Transmogrify\) of model\.json/,
    ],
    'of absurd sizes': [
      (net) => net.add('Fill', [net.ints(2 ** 30, 2 ** 30), net.float(1)]),
      /at most 268435456 numbers for tensor/,
    ],
    'of an absurd range': [
      (net) => net.add('Range', [net.int(0), net.int(2 ** 31 - 1), net.int(1)]),
      /2\^24/,
    ],
  };

  it.each(Object.entries(refused))('%s is refused', async (_, [build, message]) => {
    const net = new Net();
    const path = await net.save([build(net)]);
    await expect(compile({ path })).rejects.toMatchObject({
      code: 'COMPILE_FAILED',
      message: expect.stringMatching(message),
    });
  });
});
