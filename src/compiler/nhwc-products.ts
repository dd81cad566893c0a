import { BatchNotFree, type NhwcBuilder, type Size, type Value } from './nhwc-builder.ts';

/** Matrices in the last two dimensions, multiplied; the dimensions before are stretched to each other. */
export function matmul(builder: NhwcBuilder, a: Value, b: Value): Value {
  const [rows, inner] = [a.shape.at(-2), a.shape.at(-1)];
  const columns = b.shape.at(-1);
  if (rows === undefined || columns === undefined || inner !== b.shape.at(-2)) {
    throw new RangeError(`Expected matrices that multiply but received [${a.shape}] and [${b.shape}]`);
  }
  if (columns === 'N' || b.shape.at(-2) === 'N')
    throw new BatchNotFree('samples are multiplied with each other');
  const shape = [...stacked(a.shape.slice(0, -2), b.shape.slice(0, -2)), rows, columns];
  const name = builder.graph.add('MatMul', [builder.float('nhwc', a), builder.float('nhwc', b)]);
  return builder.value(name, { type: 'float32', shape });
}

function stacked(a: readonly Size[], b: readonly Size[]): Size[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const [left, right] = [a.at(i - rank) ?? 1, b.at(i - rank) ?? 1];
    if (left === right || right === 1) return left;
    if (left === 1) return right;
    throw new RangeError(`Expected stacks of matrices that fit but received [${a}] and [${b}]`);
  });
}
