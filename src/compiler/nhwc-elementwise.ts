import type { Attribute } from './graph.ts';
import { BatchNotFree, type NhwcBuilder, type Size, type Value } from './nhwc-builder.ts';
import { reshape } from './nhwc-moves.ts';
import { type TensorType, tensorTypes } from './tensor.ts';

export interface ElementwiseOptions {
  readonly attributes?: Readonly<Record<string, Attribute>>;
  /** Of the result; default that of the first operand, floats for bytes that mean numbers. */
  readonly type?: TensorType;
}

/** An operator on each element of its operands, which are stretched to each other as NumPy does. */
export function elementwise(
  builder: NhwcBuilder,
  op: string,
  operands: readonly Value[],
  { attributes, type }: ElementwiseOptions = {},
): Value {
  const shape = operands.map((operand) => operand.shape).reduce(stretched);
  const layout = builder.layoutOf(operands);
  const names = operands.map((each) => builder.float(layout, raised(builder, each, shape.length)));
  const name = builder.graph.add(op, names, attributes && { attributes });
  return builder.value(name, { type: type ?? typeOf(operands[0]), shape, layout });
}

/** The value as elements of another type; itself where they are of that type. */
export function cast(builder: NhwcBuilder, value: Value, type: TensorType): Value {
  if (typeOf(value) === type) return value;
  return elementwise(builder, 'Cast', [value], { attributes: { to: { int: tensorTypes[type].code } }, type });
}

/** Type of the value once it is read as numbers. */
export function typeOf(value: Value | undefined): TensorType {
  return value === undefined || value.quantization ? 'float32' : value.type;
}

/** The value with ones before its dimensions, behind the batch, so that it has `rank` of them. */
export function raised(builder: NhwcBuilder, value: Value, rank: number): Value {
  const missing = rank - value.shape.length;
  if (missing <= 0 || value.shape.length === 0) return value;
  const ones = Array.from({ length: missing }, () => 1);
  const [first, ...rest] = value.shape;
  return reshape(
    builder,
    value,
    first === 'N' ? [1, ...ones, ...rest.map(Number)] : [...ones, ...value.shape.map(Number)],
  );
}

function stretched(a: readonly Size[], b: readonly Size[]): readonly Size[] {
  const rank = Math.max(a.length, b.length);
  const raisedShape = (shape: readonly Size[]): readonly Size[] => {
    const ones = Array.from({ length: rank - shape.length }, () => 1);
    return shape[0] === 'N' ? ['N', ...ones, ...shape.slice(1)] : [...ones, ...shape];
  };
  const other = raisedShape(b);
  return raisedShape(a).map((size, axis) => {
    const against = other[axis] ?? 1;
    if (size === against || against === 1) return size;
    if (size === 1) return against;
    if (size === 'N' || against === 'N') throw new BatchNotFree('it is combined with a constant batch');
    throw new RangeError(`Expected shapes that stretch to each other but received [${a}] and [${b}]`);
  });
}
