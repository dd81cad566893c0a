import type { NhwcBuilder, Value } from '../nhwc-builder.ts';
import type { Tensor, TypedTensor } from '../tensor.ts';

/** One number of the type of `like`. */
export function scalar(builder: NhwcBuilder, value: number, like: Pick<Value, 'type'>): Value {
  return builder.constant(
    like.type === 'int32'
      ? { type: 'int32', dims: [], data: Int32Array.of(value) }
      : { type: 'float32', dims: [], data: Float32Array.of(value) },
  );
}

export function vector(builder: NhwcBuilder, values: ArrayLike<number>): Value {
  return builder.constant({ type: 'float32', dims: [values.length], data: Float32Array.from(values) });
}

/** The tensor of a constant. */
export function tensorOf({ tensor, shape }: Value, what: string): Tensor {
  if (tensor !== undefined) return tensor;
  throw new RangeError(`Expected a constant for ${what} but received a computed value of [${shape}]`);
}

export function floatsOf(value: Value, what: string): TypedTensor<'float32'> {
  const tensor = tensorOf(value, what);
  if (tensor.type === 'float32') return tensor;
  throw new RangeError(`Expected floats for ${what} but received ${tensor.type}`);
}

/** All numbers of a constant of integers. */
export function numbersOf(value: Value, what: string): number[] {
  const tensor = tensorOf(value, what);
  if (tensor.type === 'int32') return [...tensor.data];
  throw new RangeError(`Expected integers for ${what} but received ${tensor.type}`);
}

export function oneNumberOf(value: Value, what: string): number {
  const [number, ...others] = numbersOf(value, what);
  if (number !== undefined && others.length === 0) return number;
  throw new RangeError(`Expected one number for ${what} but received a shape of [${value.shape}]`);
}

/** The one number of a constant of floats or integers, if it is that. */
export function loneNumber({ tensor }: Value): number | undefined {
  if (tensor === undefined || tensor.data.length !== 1) return undefined;
  return tensor.type === 'float32' || tensor.type === 'int32' ? tensor.data[0] : undefined;
}
