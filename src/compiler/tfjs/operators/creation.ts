import type { NhwcBuilder, Value } from '../../nhwc-builder.ts';
import { sizesOf } from '../../nhwc-moves.ts';
import { elements } from '../../tensor.ts';
import { type Call, input, numbers, type Operators } from '../call.ts';
import { loneNumber, scalar, vector } from '../constants.ts';
import { expanded } from '../joined.ts';

/* Operators that make values out of sizes. A free batch counts as one, and what comes of it is stretched later. */

/** More numbers than these are made when the graph runs. */
const maxElements = 4096;

function integersValue(builder: NhwcBuilder, values: readonly number[]): Value {
  return builder.constant({ type: 'int32', dims: [values.length], data: Int32Array.from(values) });
}

function filled(builder: NhwcBuilder, sizes: readonly number[], value: Value): Value {
  const number = loneNumber(value);
  if (number === undefined || elements(sizes) > maxElements) return expanded(builder, value, sizes);
  const data = Array.from({ length: elements(sizes) }, () => number);
  return builder.constant(
    value.type === 'int32'
      ? { type: 'int32', dims: sizes, data: Int32Array.from(data) }
      : { type: 'float32', dims: sizes, data: Float32Array.from(data) },
  );
}

function range(call: Call): Value {
  const { builder } = call;
  const [start, limit, step] = [0, 1, 2].map((index) => loneNumber(input(call, index)));
  if (start === undefined || limit === undefined || step === undefined) {
    throw new RangeError('Expected constants for start, limit and step but received computed values');
  }
  const count = Math.max(0, Math.ceil((limit - start) / step));
  if (!(count <= 2 ** 24)) throw new RangeError(`Expected fewer than 2^24 numbers but received ${count}`);
  const values = Array.from({ length: count }, (_, i) => start + i * step);
  return input(call, 0).type === 'int32' ? integersValue(builder, values) : vector(builder, values);
}

function like(call: Call, number: number): Value {
  const value = input(call, 0);
  return filled(call.builder, sizesOf(value.shape), scalar(call.builder, number, value));
}

export const creations: Operators = {
  Fill: (call) => filled(call.builder, numbers(call, 0), input(call, 1)),
  OnesLike: (call) => like(call, 1),
  Range: range,
  Rank: (call) => scalar(call.builder, input(call, 0).shape.length, { type: 'int32' }),
  Shape: (call) => integersValue(call.builder, sizesOf(input(call, 0).shape)),
  Size: (call) => scalar(call.builder, elements(sizesOf(input(call, 0).shape)), { type: 'int32' }),
  ZerosLike: (call) => like(call, 0),
};
