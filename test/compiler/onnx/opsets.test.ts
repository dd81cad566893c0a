import { describe, expect, it } from 'vitest';
import type { Attribute, Graph } from '../../../src/compiler/graph.ts';
import { GraphBuilder } from '../../../src/compiler/graph-builder.ts';
import { toTargetOpset } from '../../../src/compiler/onnx/convert.ts';
import type { Tensor } from '../../../src/compiler/tensor.ts';
import { difference, ops } from '../passes/random-net.ts';

interface Form {
  readonly op: string;
  readonly opset: number;
  readonly shape?: readonly number[];
  readonly constants?: readonly (Tensor | '')[];
  readonly attributes?: Readonly<Record<string, Attribute>>;
  readonly outputs?: number;
}

/** One operator in the words of an operator set. */
function form({
  op,
  opset,
  shape = [2, 6, 4, 5],
  constants = [],
  attributes = {},
  outputs = 1,
}: Form): Graph {
  const names = Array.from({ length: outputs }, (_, i) => `y${i}`);
  const builder = new GraphBuilder(['x', ...names]);
  const inputs = constants.map((tensor) => (tensor === '' ? '' : builder.constant('c', tensor)));
  builder.push({ op, domain: '', name: op, inputs: ['x', ...inputs], outputs: names, attributes });
  return builder.build({
    name: 'one',
    opsets: { '': opset },
    inputs: [{ name: 'x', type: 'float32', shape }],
    outputs: names.map((name) => ({ name })),
  });
}

const ints = (...numbers: number[]): Tensor => ({
  type: 'int64',
  dims: [numbers.length],
  data: BigInt64Array.from(numbers, BigInt),
});
const floats = (...numbers: number[]): Tensor => ({
  type: 'float32',
  dims: [numbers.length],
  data: Float32Array.from(numbers),
});
const list = (...numbers: number[]): Attribute => ({ ints: numbers });
const six = floats(1, 2, 3, -1, 0.5, 2);

const older: readonly Form[] = [
  { op: 'Squeeze', opset: 11, shape: [2, 1, 3, 1], attributes: { axes: list(1, -1) } },
  { op: 'Squeeze', opset: 7, shape: [2, 1, 3, 1] },
  { op: 'Unsqueeze', opset: 9, attributes: { axes: list(0, 3) } },
  { op: 'ReduceSum', opset: 11, attributes: { axes: list(1), keepdims: { int: 0 } } },
  { op: 'ReduceSum', opset: 8 },
  { op: 'ReduceMean', opset: 7, attributes: { axes: list(2, 3) } },
  { op: 'Split', opset: 7, attributes: { axis: { int: 1 }, split: list(1, 5) }, outputs: 2 },
  { op: 'Split', opset: 12, attributes: { axis: { int: 1 } }, outputs: 3 },
  { op: 'Slice', opset: 9, attributes: { starts: list(1, -2), ends: list(100, 5), axes: list(1, 3) } },
  { op: 'Slice', opset: 7, attributes: { starts: list(1), ends: list(2) } },
  { op: 'Pad', opset: 8, attributes: { pads: list(0, 0, 1, 2, 0, 0, 0, 1), value: { float: 1.5 } } },
  { op: 'Pad', opset: 10, attributes: { pads: list(0, 0, 1, 2, 0, 0, 0, 1), mode: { string: 'reflect' } } },
  { op: 'Clip', opset: 7, attributes: { min: { float: -0.5 }, max: { float: 0.25 } } },
  { op: 'Clip', opset: 10, attributes: { max: { float: 0.25 } } },
  { op: 'Clip', opset: 6 + 1 },
  { op: 'TopK', opset: 9, attributes: { k: { int: 3 }, axis: { int: 1 } }, outputs: 2 },
  { op: 'Upsample', opset: 7, attributes: { scales: { floats: [1, 1, 2, 3] }, mode: { string: 'nearest' } } },
  { op: 'Upsample', opset: 9, constants: [floats(1, 1, 2, 2)], attributes: { mode: { string: 'linear' } } },
  { op: 'Resize', opset: 10, constants: [floats(1, 1, 2, 2)], attributes: { mode: { string: 'nearest' } } },
  {
    op: 'Resize',
    opset: 10,
    constants: [floats(1, 1, 0.5, 0.4)],
    attributes: { mode: { string: 'nearest' } },
  },
  {
    op: 'Resize',
    opset: 11,
    constants: [floats(), floats(1, 1, 2, 2)],
    attributes: { mode: { string: 'linear' } },
  },
  { op: 'Resize', opset: 12, constants: [floats(), floats(), ints(2, 6, 7, 3)] },
  { op: 'Softmax', opset: 7 },
  { op: 'Softmax', opset: 12, attributes: { axis: { int: 3 } } },
  { op: 'Softmax', opset: 11, attributes: { axis: { int: -2 } } },
  { op: 'LogSoftmax', opset: 9, attributes: { axis: { int: 2 } } },
  { op: 'Softmax', opset: 9, shape: [2, 6, 1, 1] },
  { op: 'Hardmax', opset: 11 },
  { op: 'Dropout', opset: 7, attributes: { ratio: { float: 0.5 } } },
  { op: 'BatchNormalization', opset: 7, constants: [six, six, six, floats(1, 2, 3, 4, 5, 6)] },
  {
    op: 'BatchNormalization',
    opset: 8,
    constants: [six, six, six, floats(1, 2, 3, 4, 5, 6)],
    attributes: { spatial: { int: 1 } },
  },
];

const newer: readonly Form[] = [
  { op: 'ReduceMean', opset: 18, constants: [ints(1, -1)], attributes: { keepdims: { int: 0 } } },
  { op: 'ReduceMax', opset: 20 },
  { op: 'ReduceMean', opset: 18, attributes: { noop_with_empty_axes: { int: 1 } } },
  { op: 'ReduceL2', opset: 18, constants: [ints(1)] },
  { op: 'ReduceSumSquare', opset: 22, constants: [ints(2)] },
  { op: 'Split', opset: 18, attributes: { axis: { int: 1 }, num_outputs: { int: 3 } }, outputs: 3 },
  { op: 'Split', opset: 19, attributes: { axis: { int: -1 }, num_outputs: { int: 2 } }, outputs: 2 },
  { op: 'Split', opset: 18, constants: [ints(2, 4)], attributes: { axis: { int: 1 } }, outputs: 2 },
  { op: 'Pad', opset: 18, constants: [ints(1, 2, 3, 0), '', ints(3, -2)] },
  { op: 'Pad', opset: 21, constants: [ints(0, 0, 1, 0, 0, 0, 0, 1)] },
  { op: 'Resize', opset: 18, constants: ['', floats(2, 3)], attributes: { axes: list(2, 3) } },
  {
    op: 'Resize',
    opset: 19,
    constants: ['', '', ints(8, 9)],
    attributes: { axes: list(-2, -1), mode: { string: 'linear' } },
  },
  { op: 'Resize', opset: 18, constants: ['', floats(1, 1, 2, 2)], attributes: { antialias: { int: 0 } } },
  { op: 'Mish', opset: 18 },
  { op: 'Gelu', opset: 20 },
  { op: 'GroupNormalization', opset: 21, constants: [six, six], attributes: { num_groups: { int: 3 } } },
  { op: 'AveragePool', opset: 19, attributes: { kernel_shape: list(2, 2), dilations: list(1, 1) } },
  { op: 'Relu', opset: 22 },
  { op: 'Cast', opset: 19, attributes: { to: { int: 1 }, saturate: { int: 1 } } },
];

describe('an operator set', () => {
  it.each([...older, ...newer])('$opset says $op another way, and means the same (%#)', async (each) => {
    const graph = form(each);
    const now = toTargetOpset(graph);
    expect(now.opsets).toEqual({ '': 17 });
    expect(await difference(graph, now)).toBeLessThan(1e-6);
  });

  it('of 18 has one scale a group, and 17 none of groups at all', async () => {
    const forGroups = { op: 'GroupNormalization', attributes: { num_groups: { int: 2 } } };
    const a = toTargetOpset(form({ ...forGroups, opset: 18, constants: [floats(2, 3), floats(-1, 1)] }));
    const whole = [floats(2, 2, 2, 3, 3, 3), floats(-1, -1, -1, 1, 1, 1)];
    const b = toTargetOpset(form({ ...forGroups, opset: 21, constants: whole }));
    expect(await difference(a, b)).toBe(0);
  });

  it('17 stays as it is', () => {
    const graph = form({ op: 'Relu', opset: 17 });
    expect(toTargetOpset(graph)).toBe(graph);
  });

  it.each([6, 23])('%i is refused', (opset) => {
    expect(() => toTargetOpset(form({ op: 'Relu', opset }))).toThrow(
      expect.objectContaining({
        code: 'COMPILE_FAILED',
        message: expect.stringContaining(`received ${opset}`),
      }),
    );
  });

  it.each<Form>([
    { op: 'Resize', opset: 18, attributes: { antialias: { int: 1 } } },
    {
      op: 'Resize',
      opset: 11,
      attributes: { coordinate_transformation_mode: { string: 'tf_half_pixel_for_nn' } },
    },
    {
      op: 'Resize',
      opset: 19,
      attributes: { coordinate_transformation_mode: { string: 'half_pixel_symmetric' } },
    },
    { op: 'Resize', opset: 18, attributes: { keep_aspect_ratio_policy: { string: 'not_larger' } } },
    { op: 'Pad', opset: 19, attributes: { mode: { string: 'wrap' } } },
    { op: 'AveragePool', opset: 19, attributes: { kernel_shape: list(2, 2), dilations: list(2, 2) } },
    { op: 'Gelu', opset: 20, attributes: { approximate: { string: 'tanh' } } },
    { op: 'QuantizeLinear', opset: 21, attributes: { block_size: { int: 16 } } },
    { op: 'BatchNormalization', opset: 7, attributes: { spatial: { int: 0 } } },
    { op: 'Col2Im', opset: 18 },
    { op: 'ReduceL2', opset: 18, attributes: { noop_with_empty_axes: { int: 1 } } },
  ])('names $op of $opset where 17 cannot say it', (each) => {
    expect(() => toTargetOpset(form(each))).toThrow(
      expect.objectContaining({ code: 'COMPILE_FAILED', message: expect.stringContaining(each.op) }),
    );
  });

  it('is changed inside the bodies of nodes too', () => {
    const body = { ...form({ op: 'Clip', opset: 9, attributes: { min: { float: 0 } } }), inputs: [] };
    const graph = form({ op: 'If', opset: 9, attributes: { then_branch: { graph: body } } });
    const now = toTargetOpset(graph);
    const branch = now.nodes[0]?.attributes.then_branch;
    expect(branch && 'graph' in branch ? branch.graph.nodes[0]?.inputs : []).toHaveLength(3);
    expect(ops(now)).toEqual(['If']);
  });
});
