import type { NhwcBuilder, Value } from '../nhwc-builder.ts';
import { channelsOf, convolution, type Pair, transposedConvolution, type Window } from '../nhwc-windows.ts';
import type { Tensor } from '../tensor.ts';
import { permuted } from '../transpose.ts';
import { floatsOf } from './constants.ts';

/* Layers with weights, which TensorFlow keeps as [height, width, inputs, outputs] and ONNX the other way. */

/** A window without its kernel, whose size the weights say. */
export type Placement = Omit<Window, 'kernel'>;

export interface Weights {
  readonly filter: Value;
  /** `[outputs]` */
  readonly bias?: Value | undefined;
}

/** Filter of `[height, width, inputs / groups, outputs]`. */
export function convolve(builder: NhwcBuilder, value: Value, weights: Weights, placement: Placement): Value {
  const filter = filterOf(weights);
  const [height = 1, width = 1, inputs = 1, outputs = 1] = filter.dims;
  const channels = channelsOf(value);
  const groups = channels / inputs;
  if (!Number.isInteger(groups) || outputs % groups !== 0) {
    throw new RangeError(`Expected a filter for ${channels} channels but received one of [${filter.dims}]`);
  }
  const kernel = {
    weights: builder.graph.constant('weights', permuted(filter, [3, 2, 0, 1])),
    bias: biasOf(builder, weights, outputs),
    groups,
    outputs,
  };
  return convolution(builder, value, kernel, { ...placement, kernel: [height, width] });
}

/** A filter `[height, width, inputs, multiplier]`: each channel has some of its own. */
export function convolveDepthwise(
  builder: NhwcBuilder,
  value: Value,
  weights: Weights,
  placement: Placement,
): Value {
  const filter = filterOf(weights);
  const [height = 1, width = 1, inputs = 1, multiplier = 1] = filter.dims;
  if (inputs !== channelsOf(value)) {
    throw new RangeError(`Expected a filter for ${channelsOf(value)} channels but received [${filter.dims}]`);
  }
  const outputs = inputs * multiplier;
  const moved: Tensor = { ...permuted(filter, [2, 3, 0, 1]), dims: [outputs, 1, height, width] };
  const kernel = {
    weights: builder.graph.constant('weights', moved),
    bias: biasOf(builder, weights, outputs),
    groups: inputs,
    outputs,
  };
  return convolution(builder, value, kernel, { ...placement, kernel: [height, width] });
}

/** Filter of `[height, width, outputs, inputs]`; the result has `output` rows and columns. */
export function convolveBackwards(
  builder: NhwcBuilder,
  value: Value,
  weights: Weights,
  placement: Placement,
  output: Pair,
): Value {
  const filter = filterOf(weights);
  const [height = 1, width = 1, outputs = 1, inputs = 1] = filter.dims;
  if (inputs !== channelsOf(value)) {
    throw new RangeError(`Expected a filter for ${channelsOf(value)} channels but received [${filter.dims}]`);
  }
  const kernel = {
    weights: builder.graph.constant('weights', permuted(filter, [3, 2, 0, 1])),
    bias: biasOf(builder, weights, outputs),
    groups: 1,
    outputs,
  };
  return transposedConvolution(builder, value, kernel, { ...placement, kernel: [height, width] }, output);
}

/** Rows of numbers times weights `[inputs, outputs]`; of a value with more dimensions along the last one. */
export function dense(builder: NhwcBuilder, value: Value, { filter, bias }: Weights): Value {
  const weights = floatsOf(filter, 'the weights');
  const [inputs = 1, outputs = 1] = weights.dims;
  const last = value.shape.at(-1);
  if (weights.dims.length !== 2 || last !== inputs) {
    throw new RangeError(`Expected weights for rows of ${last} but received [${weights.dims}]`);
  }
  const name = builder.graph.constant('weights', weights);
  const biasName = biasOf(builder, { filter, bias }, outputs);
  const parts = { type: 'float32', shape: [...value.shape.slice(0, -1), outputs] } as const;
  if (value.shape.length === 2) {
    const inputs = [builder.nhwc(value), name, ...(biasName === undefined ? [] : [biasName])];
    return builder.value(builder.graph.add('Gemm', inputs), parts);
  }
  const product = builder.graph.add('MatMul', [builder.nhwc(value), name]);
  const sum = biasName === undefined ? product : builder.graph.add('Add', [product, biasName]);
  return builder.value(sum, parts);
}

function filterOf({ filter }: Weights) {
  const tensor = floatsOf(filter, 'the filter');
  if (tensor.dims.length === 4) return tensor;
  throw new RangeError(`Expected a filter of 4 dimensions but received [${tensor.dims}]`);
}

function biasOf(builder: NhwcBuilder, { bias }: Weights, outputs: number): string | undefined {
  if (bias === undefined) return undefined;
  const tensor = floatsOf(bias, 'the bias');
  if (tensor.data.length !== outputs) {
    throw new RangeError(`Expected ${outputs} numbers for the bias but received [${tensor.dims}]`);
  }
  return builder.graph.constant('bias', { ...tensor, dims: [outputs] });
}
