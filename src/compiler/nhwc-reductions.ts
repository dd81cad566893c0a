import type { Attribute } from './graph.ts';
import { BatchNotFree, type Layout, type NhwcBuilder, type Value } from './nhwc-builder.ts';
import { axisIn, axisOf, integers, reshape, sizesOf } from './nhwc-moves.ts';

export type Reduction = 'ReduceMean' | 'ReduceSum' | 'ReduceMax' | 'ReduceMin' | 'ReduceProd' | 'ReduceL2';

/** One number for all along `axes`. */
export function reduce(
  builder: NhwcBuilder,
  op: Reduction,
  value: Value,
  axes: readonly number[],
  keepDims: boolean,
): Value {
  const rank = value.shape.length;
  const from0 = [...new Set(axes.map((axis) => axisOf(axis, rank)))].sort((a, b) => a - b);
  if (value.shape[0] === 'N' && from0.includes(0)) throw new BatchNotFree('samples are reduced to one');
  const layout = builder.layoutOf([value]);
  const shape = value.shape.map((size, axis) => (from0.includes(axis) ? 1 : size));
  const input = builder.float(layout, value);
  const inLayout = from0.map((axis) => axisIn(layout, axis, rank)).sort((a, b) => a - b);
  const name = reduced(builder, op, input, inLayout, layout === 'nchw' && rank === 4);
  const result = builder.value(name, { type: value.quantization ? 'float32' : value.type, shape, layout });
  return keepDims ? result : withoutAxes(builder, result, from0);
}

function reduced(builder: NhwcBuilder, op: Reduction, input: string, axes: number[], nchw: boolean): string {
  if (op === 'ReduceMean' && nchw && `${axes}` === '2,3')
    return builder.graph.add('GlobalAveragePool', [input]);
  // Of operator set 17 only the sum has its axes as an input.
  if (op === 'ReduceSum') return builder.graph.add(op, [input, integers(builder, axes)]);
  return builder.graph.add(op, [input], { attributes: { axes: { ints: axes } } });
}

/** The value without axes of size 1. */
function withoutAxes(builder: NhwcBuilder, value: Value, axes: readonly number[]): Value {
  return reshape(
    builder,
    value,
    sizesOf(value.shape).filter((_, axis) => !axes.includes(axis)),
  );
}

/** An operator along one axis that leaves the shape as it is, such as Softmax. */
export function along(
  builder: NhwcBuilder,
  op: string,
  value: Value,
  axis: number,
  attributes: Readonly<Record<string, Attribute>> = {},
): Value {
  const { layout, at, input } = source(builder, value, axis);
  const name = builder.graph.add(op, [input], { attributes: { ...attributes, axis: { int: at } } });
  return builder.value(name, { type: 'float32', shape: value.shape, layout });
}

/** The index of the greatest (`ArgMax`) or least (`ArgMin`) along an axis, as int64; the axis goes. */
export function indexOf(builder: NhwcBuilder, op: 'ArgMax' | 'ArgMin', value: Value, axis: number): Value {
  const { layout, at, input, from0 } = source(builder, value, axis);
  const name = builder.graph.add(op, [input], { attributes: { axis: { int: at }, keepdims: { int: 1 } } });
  const shape = value.shape.map((size, i) => (i === from0 ? 1 : size));
  return withoutAxes(builder, builder.value(name, { type: 'int64', shape, layout }), [from0]);
}

function source(builder: NhwcBuilder, value: Value, axis: number) {
  const rank = value.shape.length;
  const from0 = axisOf(axis, rank);
  if (value.shape[from0] === 'N') throw new BatchNotFree('samples are compared with each other');
  const layout: Layout = builder.layoutOf([value]);
  return { layout, from0, at: axisIn(layout, from0, rank), input: builder.float(layout, value) };
}
