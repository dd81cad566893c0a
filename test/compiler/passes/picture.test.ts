import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { floatGraph, prepare, sourcePicture } from '../../../src/compiler/compile-prepare.ts';
import type { Graph } from '../../../src/compiler/graph.ts';
import type { Imported } from '../../../src/compiler/imported.ts';
import { type Preprocessing, pictureInput } from '../../../src/compiler/passes/picture-input.ts';
import { makeNode } from '../../../src/compiler/passes/rewrite.ts';
import { feedsOf, netOf, ops, outputsOf, worst } from './random-net.ts';

const imported = (graph: Graph): Imported => ({ graph, source: 'onnx', quantized: false, notes: [] });

/** The net behind a transpose, as one that was exported with channels last. */
function channelsLast(graph: Graph): Graph {
  const [input] = graph.inputs;
  const [batch = null, channels = null, height = null, width = null] = input?.shape ?? [];
  const first = makeNode('Transpose', ['pixels'], ['x'], { perm: { ints: [0, 3, 1, 2] } });
  return {
    ...graph,
    nodes: [first, ...graph.nodes],
    inputs: [{ name: 'pixels', type: 'float32', shape: [batch, height, width, channels] }],
  };
}

/** What the graph of bytes and the float net say to the same random pictures. */
async function error(graph: Graph, preprocessing: Preprocessing, seed = 1): Promise<number> {
  const prepared = await prepare(imported(graph), preprocessing);
  const compiled = floatGraph(prepared);
  const feeds = feedsOf(compiled, seed);
  const [name = ''] = Object.keys(feeds);
  const bytes = feeds[name];
  const { picture } = prepared;
  if (bytes?.type !== 'uint8' || picture === undefined) throw new TypeError('Expected an input of bytes');
  const before = { [name]: sourcePicture(imported(graph), bytes, picture, preprocessing) };
  return worst(await outputsOf(graph, before), await outputsOf(compiled, feeds));
}

const three = fc.array(fc.double({ min: 0.5, max: 200, noNaN: true }), { minLength: 3, maxLength: 3 });
const preprocessing: fc.Arbitrary<Preprocessing> = fc.record(
  {
    scale: fc.constantFrom(1, 1 / 255, 2 / 255),
    mean: fc.oneof(three, fc.constantFrom(127.5, 128, 0)),
    std: fc.oneof(three, fc.constantFrom(127.5, 58)),
    colour: fc.constantFrom('rgb', 'bgr'),
  },
  { requiredKeys: [] },
);
const firstLayers = fc.constantFrom(
  'conv',
  'valid',
  'depthwise',
  'norm',
  'focus',
  'there',
  'relu',
  'mul',
  'deconv',
);

it('a net that takes bytes answers as it did to floats, whatever was done to them', async () => {
  const nets = fc.tuple(fc.array(firstLayers, { minLength: 1, maxLength: 3 }), fc.nat(100), fc.boolean());
  await fc.assert(
    fc.asyncProperty(nets, preprocessing, async ([layers, seed, last], given) => {
      const graph = netOf(layers, seed, 8);
      // Against the greatest output. A mean may exceed it a thousand times, and so may what rounding leaves of it.
      expect(await error(last ? channelsLast(graph) : graph, given, seed)).toBeLessThan(5e-4);
    }),
    { numRuns: 60 },
  );
});

describe('preprocessing', () => {
  const head = async (given: Preprocessing, layers: readonly string[] = ['conv'], last = false) => {
    const graph = netOf(layers, 1, 8);
    return ops(floatGraph(await prepare(imported(last ? channelsLast(graph) : graph), given)));
  };

  it.each([false, true])('becomes weights where there is no mean (channels last: %s)', async (last) => {
    expect(await head({ scale: 1 / 255, std: [1, 2, 3], colour: 'bgr' }, ['conv'], last)).toEqual([
      'Transpose',
      'Cast',
      'Conv',
    ]);
  });

  it('becomes a zero point where the mean is one whole number', async () => {
    expect(await head({ mean: 128, std: 128 })).toEqual(['DequantizeLinear', 'Transpose', 'Conv']);
  });

  it('leaves one subtraction where it is not, since padding means zero after it', async () => {
    expect(await head({ mean: [123.675, 116.28, 103.53], std: 58 })).toEqual([
      'Transpose',
      'Cast',
      'Sub',
      'Conv',
    ]);
    // Without padding there is nothing that the bias could not say.
    expect(await head({ mean: [123.675, 116.28, 103.53], std: 58 }, ['valid'])).toEqual([
      'Transpose',
      'Cast',
      'Conv',
    ]);
  });

  it('goes past what the net itself does to its input', async () => {
    expect(await head({ scale: 1 / 255, colour: 'bgr' }, ['mul', 'sub', 'focus'])).toEqual([
      'Transpose',
      'Cast',
      'Sub',
      'Conv',
    ]);
  });

  it.each<[string, Preprocessing, string]>([
    ['three numbers for', { mean: [1, 2] }, 'Expected 1 or 3 numbers for mean but received 2'],
    ['colours of', { colour: 'grey' }, 'Expected rgb or bgr for colour but received grey'],
    ['the layout of', { layout: 'nhwc' }, 'Expected an input of pictures'],
  ])('has to fit %s the net', async (_, given, message) => {
    await expect(prepare(imported(netOf(['conv'])), given)).rejects.toMatchObject({
      code: 'COMPILE_FAILED',
      message: expect.stringContaining(message),
    });
  });
});

it('pictures of whole numbers become pictures of bytes', async () => {
  const graph = netOf(['conv']);
  const nodes = [makeNode('Cast', ['pixels'], ['x'], { to: { int: 1 } }), ...graph.nodes];
  const inputs = graph.inputs.map((input) => ({ ...input, name: 'pixels', type: 'int32' as const }));
  const whole = { ...graph, nodes, inputs };
  const compiled = floatGraph(await prepare(imported(whole), {}));
  expect(ops(compiled)).toEqual(['Transpose', 'Cast', 'Conv']);
  expect(await error(whole, {})).toBeLessThan(1e-6);
});

it.each([
  [['N', 3, 8, 8], 'nchw', 3],
  [['N', 8, 8, 3], 'nhwc', 3],
  [['N', 1, 8, 8], 'nchw', 1],
  [[1, 8, 8, 1], 'nhwc', 1],
  [['N', 64, 8, 8], undefined, undefined],
  [['N', 3, 8], undefined, undefined],
])('an input of %j is a picture of layout %s with %s channels', (shape, layout, channels) => {
  const picture = pictureInput({ inputs: [{ name: 'x', type: 'float32', shape }] });
  expect([picture?.layout, picture?.channels]).toEqual([layout, channels]);
});
