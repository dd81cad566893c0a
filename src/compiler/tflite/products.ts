import type { Value } from '../nhwc-builder.ts';
import { reshape, transpose } from '../nhwc-moves.ts';
import { matmul } from '../nhwc-products.ts';
import { activated, asOutput, type Call, type Importer, input, operand, output } from './call.ts';
import { weightsOf } from './weights.ts';

/** Weights `[units, inputs]`; the input is rows of `inputs` numbers, however many dimensions it has. */
function fullyConnected(call: Call): Value {
  const { builder, options } = call;
  if ((options?.int8(1) ?? 0) !== 0)
    throw new RangeError('Expected plain weights but received shuffled ones');
  const { shape } = output(call);
  if (operand(call, 1).value.tensor === undefined) return withComputedWeights(call);
  const { weights, bias, dims } = weightsOf(call, { source: 0, weights: 1, bias: 2, perm: [0, 1], axis: 0 });
  const [units = 0, inputs = 0] = dims;
  const rows = shape.slice(0, -1).reduce((product, size) => product * size, 1);
  const source = reshape(builder, input(call, 0), [rows, inputs]);
  const name = builder.graph.add(
    'Gemm',
    [builder.float('nhwc', source), weights, ...(bias === undefined ? [] : [bias])],
    { attributes: { transB: { int: 1 } } },
  );
  const result = builder.value(name, { type: 'float32', shape: [source.shape[0] ?? rows, units] });
  return reshape(builder, asOutput(call, activated(call, result, 0)), shape);
}

function withComputedWeights(call: Call): Value {
  if (call.inputs[2] !== undefined)
    throw new RangeError('Expected no bias with computed weights but received one');
  const weights = transpose(call.builder, input(call, 1), [1, 0]);
  return activated(call, matmul(call.builder, input(call, 0), weights), 0);
}

function batchMatmul(call: Call): Value {
  const { builder, options } = call;
  const [a, b] = [0, 1].map((index) => {
    const value = input(call, index);
    const rank = value.shape.length;
    const perm = [...Array.from({ length: rank - 2 }, (_, axis) => axis), rank - 1, rank - 2];
    return (options?.bool(index) ?? false) ? transpose(builder, value, perm) : value;
  });
  if (a === undefined || b === undefined) throw new RangeError('Expected two matrices');
  return matmul(builder, a, b);
}

export const products: Readonly<Record<string, Importer>> = {
  BATCH_MATMUL: batchMatmul,
  FULLY_CONNECTED: fullyConnected,
};
