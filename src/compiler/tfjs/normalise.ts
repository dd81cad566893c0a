import type { NhwcBuilder, Value } from '../nhwc-builder.ts';
import { elementwise } from '../nhwc-elementwise.ts';
import { floatsOf, vector } from './constants.ts';

export interface Moments {
  readonly scale?: Value | undefined;
  readonly offset?: Value | undefined;
  readonly mean: Value;
  readonly variance: Value;
  readonly epsilon: number;
}

/** `(x - mean) / sqrt(variance + epsilon) * scale + offset`, each channel, which is the last dimension. */
export function batchNormalised(builder: NhwcBuilder, value: Value, moments: Moments): Value {
  const channels = Number(value.shape.at(-1));
  const mean = floatsOf(moments.mean, 'the mean');
  const variance = floatsOf(moments.variance, 'the variance');
  const scale = moments.scale ? floatsOf(moments.scale, 'the scale').data : filled(channels, 1);
  const offset = moments.offset ? floatsOf(moments.offset, 'the offset').data : filled(channels, 0);
  const all = [scale, offset, mean.data, variance.data];
  if (all.some(({ length }) => length !== channels)) {
    throw new RangeError(
      `Expected moments of ${channels} channels but received ${all.map(({ length }) => length)}`,
    );
  }
  if (value.shape.length === 4 || value.shape.length === 2) {
    const names = all.map((numbers) => builder.nhwc(vector(builder, numbers)));
    const attributes = { epsilon: { float: moments.epsilon } };
    const name = builder.graph.add('BatchNormalization', [builder.nchw(value), ...names], { attributes });
    return builder.value(name, { type: 'float32', shape: value.shape, layout: layoutOf(value) });
  }
  const factor = scale.map((each, i) => each / Math.sqrt((variance.data[i] ?? 0) + moments.epsilon));
  const rest = offset.map((each, i) => each - (mean.data[i] ?? 0) * (factor[i] ?? 0));
  const scaled = elementwise(builder, 'Mul', [value, vector(builder, factor)]);
  return elementwise(builder, 'Add', [scaled, vector(builder, rest)]);
}

function layoutOf({ shape }: Value): 'nchw' | 'nhwc' {
  return shape.length === 4 ? 'nchw' : 'nhwc';
}

function filled(count: number, value: number): Float32Array {
  return new Float32Array(count).fill(value);
}
