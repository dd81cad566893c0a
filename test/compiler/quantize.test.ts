import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { calibrate } from '../../src/compiler/calibrate.ts';
import type { Graph } from '../../src/compiler/graph.ts';
import { writeModel } from '../../src/compiler/onnx/model.ts';
import { floatOperators, optimizedGraph } from '../../src/compiler/optimized.ts';
import { quantize } from '../../src/compiler/quantize.ts';
import { meaning, Net, relativeError, run, samples } from './nets.ts';

async function int8Of(graph: Graph, shape: readonly number[]): Promise<Graph> {
  const ranges = await calibrate(graph, [{ x: samples(64, shape).floats }]);
  return quantize(graph, { inputs: { x: meaning }, ranges });
}

/** Operators that the runtime runs, and how far the answers are from those of the float net. */
async function outcome(graph: Graph, shape: readonly number[]) {
  const int8 = await int8Of(graph, shape);
  const optimized = await optimizedGraph(writeModel(int8));
  const { bytes, floats } = samples(64, shape);
  return {
    int8,
    ops: optimized.nodes.map(({ op }) => op),
    float: floatOperators(optimized),
    error: relativeError(await run(graph, floats), await run(int8, bytes)),
  };
}

describe('quantize', () => {
  it('keeps the answers of any small net of dense layers, in integers throughout', async () => {
    const widths = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 2, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(widths, fc.nat(1000), async ([width = 1, ...rest], seed) => {
        const net = new Net(seed);
        let value = net.add('Flatten', 'x', { axis: { int: 1 } });
        let inputs = width;
        for (const units of rest) {
          value = net.add('Relu', net.weighted('Gemm', value, [inputs, units], units));
          inputs = units;
        }
        const graph = net.build([width, 1], net.weighted('Gemm', value, [inputs, 16], 16));
        const { float, error, ops } = await outcome(graph, [width, 1]);
        expect(float).toEqual([]);
        expect(ops).toEqual(['Flatten', ...rest.map(() => 'QGemm'), 'QGemm']);
        expect(error).toBeLessThan(0.02);
      }),
      { numRuns: 15 },
    );
  });

  it('takes weights that stand the other way, and products without a bias', async () => {
    const net = new Net();
    const first = net.weighted('Gemm', 'x', [20, 12], 20, { transB: { int: 1 } });
    const graph = net.build([12], net.weighted('MatMul', net.add('Relu', first), [20, 8]));
    const { float, error, ops } = await outcome(graph, [12]);
    expect(float).toEqual([]);
    expect(ops).toEqual(['QGemm', 'MatMulIntegerToFloat']);
    expect(error).toBeLessThan(0.02);
  });

  it('carries bytes through layout, pooling and convolutions to the end', async () => {
    const net = new Net();
    const nchw = net.add('Transpose', 'x', { perm: { ints: [0, 3, 1, 2] } });
    const first = net.add('Relu', net.weighted('Conv', nchw, [8, 3, 3, 3], 8));
    const pooled = net.add('MaxPool', first, { kernel_shape: { ints: [2, 2] }, strides: { ints: [2, 2] } });
    const second = net.weighted('Conv', pooled, [6, 8, 3, 3]);
    const flat = net.add('Flatten', net.add('Relu', second), { axis: { int: 1 } });
    const graph = net.build([12, 12, 3], net.add('Softmax', net.weighted('Gemm', flat, [54, 5], 5)));
    const { float, error, ops } = await outcome(graph, [12, 12, 3]);
    expect(float).toEqual([]);
    expect(ops.filter((op) => op === 'QLinearConv')).toHaveLength(2);
    expect(ops).not.toContain('QuantizeLinear');
    expect(error).toBeLessThan(0.03);
  });

  it('has integers also for a convolution that is the output, or read by others too', async () => {
    const net = new Net();
    const conv = net.weighted('Conv', 'x', [4, 2, 1, 1], 4);
    const sum = net.builder.add('Add', [conv, net.add('Sigmoid', conv)]);
    const graph = net.build([2, 6, 6], net.weighted('Conv', sum, [3, 4, 3, 3]));
    // The last value of the net itself, not a copy of it.
    const [last] = graph.nodes.slice(-1);
    const direct = { ...graph, nodes: graph.nodes.slice(0, -1), outputs: [{ name: last?.inputs[0] ?? '' }] };
    const int8 = await int8Of(direct, [2, 6, 6]);
    expect(int8.outputs).toEqual(direct.outputs);
    expect(floatOperators(await optimizedGraph(writeModel(int8)))).toEqual([]);
    expect((await outcome(graph, [2, 6, 6])).error).toBeLessThan(0.03);
  });

  it('joins parts of one meaning whose negative numbers a clamp then takes away', async () => {
    const net = new Net();
    const nchw = net.add('Transpose', 'x', { perm: { ints: [0, 3, 1, 2] } });
    const parts = [0, 1].map(() => net.weighted('Conv', nchw, [4, 3, 3, 3], 4));
    const whole = net.builder.add('Concat', parts, { attributes: { axis: { int: 1 } } });
    const joined = net.add('Relu', whole);
    const graph = net.build([8, 8, 3], net.weighted('Conv', joined, [2, 8, 3, 3], 2));
    const { float, error } = await outcome(graph, [8, 8, 3]);
    expect(float).toEqual([]);
    // One rounding more than without: that of the parts.
    expect(error).toBeLessThan(0.05);
  });

  it('names every node anew beside nodes that keep their names', async () => {
    const net = new Net();
    const nchw = net.add('Transpose', 'x', { perm: { ints: [0, 3, 1, 2] } });
    const first = net.weighted('Conv', nchw, [4, 3, 3, 3], 4);
    const graph = net.build([8, 8, 3], net.weighted('Conv', first, [2, 4, 3, 3], 2));
    // As passes leave it that let one node take the output of another.
    const renamed = { ...graph, nodes: graph.nodes.map((node) => ({ ...node, name: `conv_${node.name}` })) };
    const ranges = await calibrate(renamed, [{ x: samples(8, [8, 8, 3]).floats }]);
    const int8 = quantize(renamed, { inputs: { x: meaning }, ranges, float: new Set([first]) });
    const names = int8.nodes.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  it('gives the bias exactly the scale of the products, as a float32', async () => {
    const net = new Net();
    const { int8 } = await outcome(net.build([9], net.weighted('Gemm', 'x', [9, 7], 7)), [9]);
    const scales = int8.initializers.get('w_scale')?.data as Float32Array;
    const expected = scales.map((scale) => Math.fround(scale * meaning.scale));
    expect(int8.initializers.get('b_scale')?.data).toEqual(expected);
    expect(int8.initializers.get('b_int32')?.type).toBe('int32');
  });

  it('leaves weights a bit of room unless told otherwise', async () => {
    const net = new Net();
    const graph = net.build([9], net.weighted('Gemm', 'x', [9, 7], 7));
    const ranges = await calibrate(graph, [{ x: samples(8, [9]).floats }]);
    for (const [weightRange, limit] of [
      ['reduced', 64],
      ['full', 127],
    ] as const) {
      const int8 = quantize(graph, { inputs: { x: meaning }, ranges, weightRange });
      const data = int8.initializers.get('w_int8')?.data as Int8Array;
      expect(Math.max(...data.map(Math.abs))).toBe(limit);
    }
    expect(quantize(graph, { inputs: { x: meaning }, ranges })).toEqual(
      quantize(graph, { inputs: { x: meaning }, ranges, weightRange: 'reduced' }),
    );
  });

  it('bears channels of zeros and biases far greater than their products', async () => {
    const net = new Net();
    const w = net.builder.constant('w', {
      type: 'float32',
      dims: [2, 3],
      data: Float32Array.of(0, 1e-9, 1, 0, 1e-9, -1),
    });
    const b = net.builder.constant('b', { type: 'float32', dims: [3], data: Float32Array.of(5, 1000, -0.5) });
    const graph = net.build([2], net.builder.add('Gemm', ['x', w, b]));
    const { bytes, floats } = samples(16, [2]);
    const expected = await run(graph, floats);
    const actual = await run(await int8Of(graph, [2]), bytes);
    for (const [i, value] of actual.entries()) expect(value).toBeCloseTo(expected[i] ?? Number.NaN, 1);
  });

  it('leaves in float what it cannot turn into integers, and every input that is not named', async () => {
    const net = new Net();
    const scaled = net.weighted('Gemm', 'x', [4, 4], 4, { alpha: { float: 0.5 } });
    const graph = net.build([4], net.builder.add('MatMul', [scaled, net.add('Sigmoid', scaled)]));
    const ranges = await calibrate(graph, [{ x: samples(4, [4]).floats }]);
    expect(quantize(graph, { inputs: {}, ranges })).toEqual(graph);
  });

  it('refuses operator sets that know no scale a channel', () => {
    const graph = { ...new Net().build([1], 'x'), opsets: { '': 12 } };
    expect(() => quantize(graph, { inputs: {}, ranges: new Map() })).toThrow(
      expect.objectContaining({ code: 'COMPILE_FAILED', message: expect.stringContaining('received 12') }),
    );
  });
});

it('a bias of another scale stays in float, which floatOperators shows', async () => {
  const net = new Net();
  const graph = net.build(
    [6, 6, 2],
    net.weighted('Conv', net.add('Transpose', 'x', { perm: { ints: [0, 3, 1, 2] } }), [4, 2, 3, 3], 4),
  );
  const int8 = await int8Of(graph, [6, 6, 2]);
  const scales = int8.initializers.get('b_scale')?.data as Float32Array;
  const off = { type: 'float32', dims: [4], data: scales.map((scale) => scale * 1.5) } as const;
  const wrong = { ...int8, initializers: new Map(int8.initializers).set('b_scale', off) };
  expect(floatOperators(await optimizedGraph(writeModel(wrong)))).toHaveLength(1);
});
