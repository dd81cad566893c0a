import type { Value } from '../nhwc-builder.ts';
import { elementwise } from '../nhwc-elementwise.ts';
import { reshape } from '../nhwc-moves.ts';
import { along, indexOf, type Reduction, reduce } from '../nhwc-reductions.ts';
import { asOutput, type Call, type Importer, input, integersOf, output, scalar } from './call.ts';

/* Operators that put many elements together along axes. */

/** Bytes are made before axes go: the runtime fuses them with what is right before. */
const reduction =
  (op: Reduction): Importer =>
  (call) => {
    const reduced = reduce(call.builder, op, input(call, 0), integersOf(call, 1), true);
    return reshape(call.builder, asOutput(call, reduced), output(call).shape);
  };

const index =
  (op: 'ArgMax' | 'ArgMin'): Importer =>
  (call) => {
    const [axis = 0] = integersOf(call, 1);
    return indexOf(call.builder, op, input(call, 0), axis);
  };

function softmax(call: Call): Value {
  const { builder, options } = call;
  const beta = options?.float32(0) ?? 0;
  const value = input(call, 0);
  const scaled = beta === 1 ? value : elementwise(builder, 'Mul', [value, scalar(builder, beta)]);
  return along(builder, 'Softmax', scaled, -1);
}

export const reductions: Readonly<Record<string, Importer>> = {
  ARG_MAX: index('ArgMax'),
  ARG_MIN: index('ArgMin'),
  L2_NORMALIZATION: (call) => along(call.builder, 'LpNormalization', input(call, 0), -1, { p: { int: 2 } }),
  LOG_SOFTMAX: (call) => along(call.builder, 'LogSoftmax', input(call, 0), -1),
  MEAN: reduction('ReduceMean'),
  REDUCE_MAX: reduction('ReduceMax'),
  REDUCE_MIN: reduction('ReduceMin'),
  REDUCE_PROD: reduction('ReduceProd'),
  SOFTMAX: softmax,
  SUM: reduction('ReduceSum'),
};
