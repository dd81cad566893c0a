import type { Value } from '../../nhwc-builder.ts';
import { elementwise } from '../../nhwc-elementwise.ts';
import { transpose } from '../../nhwc-moves.ts';
import { matmul } from '../../nhwc-products.ts';
import { type Call, input, type Operator, type Operators } from '../call.ts';
import { dense } from '../filters.ts';
import { boolOf } from '../graph-def.ts';

/** The two matrices of the node, times each other, and a bias. Constant weights make it a layer. */
export function matmulOf(call: Call, bias?: Value): Value {
  const { builder } = call;
  const [a, b] = [turned(call, 0, 'transpose_a'), turned(call, 1, 'transpose_b')];
  if (a.shape.length === 2 && b.tensor && (bias === undefined || bias.tensor)) {
    return dense(builder, a, { filter: b, bias });
  }
  const product = matmul(builder, a, b);
  return bias === undefined ? product : elementwise(builder, 'Add', [product, bias]);
}

function turned(call: Call, index: number, attribute: string): Value {
  const value = input(call, index);
  if (!boolOf(call.node, attribute)) return value;
  const rank = value.shape.length;
  const perm = [...Array.from({ length: rank - 2 }, (_, axis) => axis), rank - 1, rank - 2];
  return transpose(call.builder, value, perm);
}

const batchMatmul: Operator = (call) =>
  matmul(call.builder, turned(call, 0, 'adj_x'), turned(call, 1, 'adj_y'));

export const products: Operators = {
  BatchMatMul: batchMatmul,
  BatchMatMulV2: batchMatmul,
  MatMul: (call) => matmulOf(call),
};
