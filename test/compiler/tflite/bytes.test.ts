import { describe, it } from 'vitest';
import type { TensorSpec } from '../../../src/compiler/tflite/write.ts';
import { agree, type Case, constant, f, i32, scalar, titled } from './case.ts';

/** As bytes, in both types that TFLite has. */
const q = (shape: readonly number[], scale: number, zeroPoint: number): TensorSpec => ({
  shape,
  scale,
  zeroPoint,
});

const quantizedCases: readonly Case[] = [
  {
    op: 'ADD',
    inputs: [q([1, 6, 5, 4], 0.021, -20), q([1, 6, 5, 4], 0.037, 5)],
    outputs: [q([1, 6, 5, 4], 0.045, -13)],
    options: [11],
  },
  {
    op: 'ADD',
    inputs: [q([1, 6, 5, 4], 0.021, -20), q([1, 6, 5, 4], 0.037, 5)],
    outputs: [q([1, 6, 5, 4], 0.045, -13)],
    options: [11, [0, 'int8', 3]],
  },
  {
    op: 'SUB',
    inputs: [q([1, 6, 5, 4], 0.021, -20), q([1, 6, 5, 4], 0.037, 5)],
    outputs: [q([1, 6, 5, 4], 0.045, -13)],
    options: [28],
  },
  {
    op: 'MUL',
    inputs: [q([1, 6, 5, 4], 0.021, -20), q([1, 1, 1, 4], 0.037, 5)],
    outputs: [q([1, 6, 5, 4], 0.11, -13)],
    options: [21],
  },
  {
    op: 'AVERAGE_POOL_2D',
    inputs: [q([1, 6, 6, 4], 0.02, -128)],
    outputs: [q([1, 3, 3, 4], 0.02, -128)],
    options: [5, [1, 'int32', 2], [2, 'int32', 2], [3, 'int32', 3], [4, 'int32', 3]],
  },
  {
    op: 'MAX_POOL_2D',
    inputs: [q([1, 6, 6, 4], 0.02, 3)],
    outputs: [q([1, 3, 3, 4], 0.02, 3)],
    options: [5, [1, 'int32', 2], [2, 'int32', 2], [3, 'int32', 3], [4, 'int32', 3], [5, 'int8', 1]],
  },
  {
    op: 'MEAN',
    inputs: [q([1, 7, 7, 16], 0.0235, -128), constant(1, 2)],
    outputs: [q([1, 16], 0.017, -128)],
    options: [27],
  },
  {
    op: 'SUM',
    inputs: [q([1, 7, 7, 16], 0.0235, 4), constant(3)],
    outputs: [q([1, 7, 7], 0.2, 1)],
    options: [27],
  },
  {
    op: 'SOFTMAX',
    inputs: [q([1, 40], 0.03, -60)],
    outputs: [q([1, 40], 1 / 256, -128)],
    options: [9, [0, 'float32', 1]],
  },
  { op: 'LOGISTIC', inputs: [q([1, 256], 0.07, -6)], outputs: [q([1, 256], 1 / 256, -128)] },
  { op: 'TANH', inputs: [q([1, 256], 0.05, -6)], outputs: [q([1, 256], 1 / 128, 0)] },
  { op: 'HARD_SWISH', inputs: [q([1, 256], 0.05, -6)], outputs: [q([1, 256], 0.03, -110)], options: [91] },
  {
    op: 'LEAKY_RELU',
    inputs: [q([1, 256], 0.05, -6)],
    outputs: [q([1, 256], 0.03, -110)],
    options: [75, [0, 'float32', 0.1]],
  },
  { op: 'RELU6', inputs: [q([1, 256], 0.05, -6)], outputs: [q([1, 256], 0.05, -6)] },
  { op: 'QUANTIZE', inputs: [q([1, 256], 0.05, -6)], outputs: [q([1, 256], 0.03, -110)], options: [89] },
  { op: 'QUANTIZE', inputs: [f(1, 256)], outputs: [q([1, 256], 0.03, -10)], options: [89] },
  { op: 'DEQUANTIZE', inputs: [q([1, 256], 0.05, -6)], outputs: [f(1, 256)], options: [38] },
  {
    op: 'CONCATENATION',
    inputs: [q([1, 4, 4, 3], 0.05, -6), q([1, 4, 4, 2], 0.05, -6)],
    outputs: [q([1, 4, 4, 5], 0.05, -6)],
    options: [10, [0, 'int32', 3]],
  },
  {
    op: 'PAD',
    inputs: [q([1, 4, 4, 3], 0.05, -6), { ...constant(0, 0, 1, 2, 0, 1, 0, 0), shape: [4, 2] }],
    outputs: [q([1, 7, 5, 3], 0.05, -6)],
    options: [22],
  },
  {
    op: 'RESIZE_BILINEAR',
    inputs: [q([1, 7, 5, 8], 0.05, -6), constant(14, 11)],
    outputs: [q([1, 14, 11, 8], 0.05, -6)],
    options: [15, [3, 'int8', 1]],
  },
  {
    op: 'RESIZE_NEAREST_NEIGHBOR',
    inputs: [q([1, 7, 5, 8], 0.05, -6), constant(14, 11)],
    outputs: [q([1, 14, 11, 8], 0.05, -6)],
    options: [74],
  },
  {
    op: 'TRANSPOSE',
    inputs: [q([1, 4, 5, 3], 0.05, -6), constant(0, 2, 1, 3)],
    outputs: [q([1, 5, 4, 3], 0.05, -6)],
    options: [26],
  },
  {
    op: 'MAXIMUM',
    inputs: [q([1, 40], 0.05, -6), q([1, 40], 0.05, -6)],
    outputs: [q([1, 40], 0.05, -6)],
    options: [39],
  },
  {
    op: 'ARG_MAX',
    inputs: [q([1, 40], 0.05, -6), scalar(1)],
    outputs: [i32(1)],
    options: [40, [0, 'int8', 2]],
  },
];

/** Zero points are those of int8. */
function typed(spec: TensorSpec, type: 'int8' | 'uint8'): TensorSpec {
  if (typeof spec.zeroPoint !== 'number') return spec;
  return { ...spec, type, zeroPoint: type === 'int8' ? spec.zeroPoint : spec.zeroPoint + 128 };
}

describe.each(['int8', 'uint8'] as const)('on %s an operator is that of TFLite', (type) => {
  it.each(titled(quantizedCases))('%s', async (_, each) => {
    const retyped = (spec: TensorSpec) => typed(spec, type);
    await agree({ ...each, inputs: each.inputs.map(retyped), outputs: each.outputs.map(retyped) });
  });
});
