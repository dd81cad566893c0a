import { BatchNotFree, type NhwcBuilder, type Value } from '../nhwc-builder.ts';
import { kept, reshape, sizesOf } from '../nhwc-moves.ts';
import { elements } from '../tensor.ts';

/*
 * Nets made for one sample take the batch of one away and put it back: Unpack and ExpandDims, Squeeze, a
 * Reshape to rows. While it is away there is a sample alone, which nothing can compute with if the batch is
 * free; but it is known whose it is, and its batch can come back.
 */

const batches = new WeakMap<Value, Value>();

/** The value whose batch of one was taken away to get `value`. */
export function batchOf(value: Value): Value | undefined {
  return batches.get(value);
}

/** `value`, of a free batch, without the batch. */
function alone(builder: NhwcBuilder, value: Value): Value {
  const refuse = () => {
    throw new BatchNotFree('the one sample is taken out of its batch');
  };
  const sample = builder.value(refuse, { ...kept(value), shape: value.shape.slice(1) });
  batches.set(sample, value);
  return sample;
}

/** As `reshape`, also to shapes in which the batch has no place. */
export function reshaped(builder: NhwcBuilder, value: Value, sizes: readonly number[]): Value {
  const source = batches.get(value) ?? value;
  if (source.shape[0] !== 'N') return reshape(builder, source, sizes);
  const known = elements(sizes.filter((size) => size !== -1));
  const dims = sizes.map((size) => (size === -1 ? elements(sizesOf(source.shape)) / known : size));
  if (dims[0] === 1) return reshape(builder, source, dims);
  return alone(builder, reshape(builder, source, [1, ...dims]));
}
