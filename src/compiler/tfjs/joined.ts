import type { NhwcBuilder, Value } from '../nhwc-builder.ts';
import { raised } from '../nhwc-elementwise.ts';
import { axisOf, concat, integers, kept, sizesOf } from '../nhwc-moves.ts';

/** The values one after another along `axis`; what is the same for all samples is repeated for each. */
export function joined(builder: NhwcBuilder, values: readonly Value[], axis: number): Value {
  const [first] = values;
  if (first === undefined) throw new RangeError('Expected values to join but received none');
  if (values.length === 1) return first;
  const batched = values.find(({ shape }) => shape[0] === 'N');
  if (batched === undefined || axisOf(axis, first.shape.length) === 0) return concat(builder, values, axis);
  const parts = values.map((value) => (value.shape[0] === 1 ? forEach(builder, value, batched) : value));
  return concat(builder, parts, axis);
}

/** `value`, of a batch of one, once for each sample of `batched`. */
export function forEach(builder: NhwcBuilder, value: Value, batched: Value): Value {
  const attributes = { start: { int: 0 }, end: { int: 1 } };
  const layout = builder.layoutOf([batched]);
  const samples = builder.graph.add('Shape', [builder.in(layout, batched)], { attributes });
  const rest = integers(builder, sizesOf(value.shape.slice(1)));
  const sizes = builder.graph.add('Concat', [samples, rest], { attributes: { axis: { int: 0 } } });
  const name = builder.graph.add('Expand', [builder.nhwc(value), sizes]);
  return builder.value(name, { ...kept(value), shape: ['N', ...value.shape.slice(1)] });
}

/** The value stretched to `sizes`. */
export function expanded(builder: NhwcBuilder, value: Value, sizes: readonly number[]): Value {
  const source = raised(builder, value, sizes.length);
  const shape = sizes.map((size, axis) => (source.shape[axis] === 'N' && size === 1 ? 'N' : size));
  const name = builder.graph.add('Expand', [builder.nhwc(source), integers(builder, sizes)]);
  return builder.value(name, { ...kept(value), shape });
}
