import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { calibrate } from '../../../src/compiler/calibrate.ts';
import type { Graph } from '../../../src/compiler/graph.ts';
import { writeModel } from '../../../src/compiler/onnx/model.ts';
import { floatOperators, optimizedGraph } from '../../../src/compiler/optimized.ts';
import { foldColumns } from '../../../src/compiler/passes/fold-columns.ts';
import { quantize } from '../../../src/compiler/quantize.ts';
import { meaning, Net, run, samples } from '../nets.ts';

interface Layer {
  readonly channels: number;
  readonly outputs: number;
  readonly kernel: readonly [rows: number, columns: number];
  readonly stride: number;
  /** Top, left, bottom, right. */
  readonly pads: readonly [number, number, number, number];
  readonly clamp: 'none' | 'Relu' | 'Clip';
  readonly bias: boolean;
}

const usual: Layer = {
  channels: 3,
  outputs: 8,
  kernel: [3, 3],
  stride: 2,
  pads: [0, 0, 1, 1],
  clamp: 'Relu',
  bias: true,
};

/** A picture of `height` × `width` through one convolution, in int8. */
async function quantizedLayer(layer: Layer, height: number, width: number, seed = 1): Promise<Graph> {
  const { channels, outputs, kernel, stride, pads, clamp, bias } = layer;
  const net = new Net(seed);
  const nchw = net.add('Transpose', 'x', { perm: { ints: [0, 3, 1, 2] } });
  const attributes = { strides: { ints: [stride, stride] }, pads: { ints: [...pads] } };
  const conv = net.weighted(
    'Conv',
    nchw,
    [outputs, channels, ...kernel],
    bias ? outputs : undefined,
    attributes,
  );
  const bound = (number: number) =>
    net.builder.constant('bound', { type: 'float32', dims: [], data: Float32Array.of(number) });
  const last =
    clamp === 'none'
      ? conv
      : net.builder.add(clamp, [conv, ...(clamp === 'Clip' ? [bound(0), bound(1)] : [])]);
  const graph = net.build(
    [height, width, channels],
    net.add('MaxPool', last, { kernel_shape: { ints: [1, 1] } }),
  );
  const ranges = await calibrate(graph, [{ x: samples(2, [height, width, channels]).floats }]);
  return quantize(graph, { inputs: { x: meaning }, ranges });
}

const side = fc.integer({ min: 0, max: 3 });

const anyLayer: fc.Arbitrary<Layer> = fc.record({
  channels: fc.constantFrom(1, 2, 3, 5),
  outputs: fc.constantFrom(4, 8, 16),
  kernel: fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 6 })),
  stride: fc.constantFrom(1, 2, 4),
  pads: fc.tuple(side, side, side, side),
  clamp: fc.constantFrom('none', 'Relu', 'Clip'),
  bias: fc.boolean(),
});

describe('foldColumns', () => {
  it('gives exactly the same answers, whatever the window, and folds some', async () => {
    let folded = 0;
    await fc.assert(
      fc.asyncProperty(anyLayer, fc.constantFrom(8, 12, 13), fc.nat(1000), async (layer, width, seed) => {
        const graph = await quantizedLayer(layer, 7, width, seed);
        const after = foldColumns(graph);
        if (after !== graph) folded++;
        const { bytes } = samples(2, [7, width, layer.channels]);
        expect(await run(after, bytes)).toEqual(await run(graph, bytes));
        expect(foldColumns(after)).toBe(after);
      }),
      { numRuns: 70 },
    );
    expect(folded).toBeGreaterThan(0);
  });

  it('reads four columns of three channels as one of twelve, without moving a byte', async () => {
    const optimized = await optimizedGraph(writeModel(foldColumns(await quantizedLayer(usual, 8, 16))));
    expect(floatOperators(optimized)).toEqual([]);
    const conv = optimized.nodes.find(({ op }) => op === 'QLinearConv');
    expect(optimized.initializers.get(conv?.inputs[3] ?? '')?.dims).toEqual([16, 12, 3, 2]);
    expect(optimized.nodes.slice(0, 2).map(({ op }) => op)).toEqual(['Reshape', 'QLinearConv']);
  });

  it.each([
    ['channels by fours already', { ...usual, channels: 4 }, 16],
    ['a width that no four columns divide', usual, 14],
    ['too few outputs for the fast path', { ...usual, outputs: 4 }, 16],
    ['columns at the right that no window reads', { ...usual, pads: [0, 0, 0, 0] } as const, 16],
  ])('leaves %s as it is', async (_, layer, width) => {
    const graph = await quantizedLayer(layer, 8, width);
    expect(foldColumns(graph)).toBe(graph);
  });
});
