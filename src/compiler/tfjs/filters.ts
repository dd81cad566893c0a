import type { NhwcBuilder, Value } from '../nhwc-builder.ts';
import { reshape } from '../nhwc-moves.ts';
import { channelsOf, convolution, type Pair, transposedConvolution, type Window } from '../nhwc-windows.ts';
import { elements, type Tensor } from '../tensor.ts';
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
  const names = [builder.graph.constant('weights', weights)];
  const biasName = biasOf(builder, { filter, bias }, outputs);
  if (biasName !== undefined) names.push(biasName);
  const rows = elements(value.shape.slice(0, -1).map((size) => (size === 'N' ? 1 : size)));
  const source = value.shape.length === 2 ? value : reshape(builder, value, [rows, inputs]);
  const name = builder.graph.add('Gemm', [builder.nhwc(source), ...names]);
  const result = builder.value(name, { type: 'float32', shape: [source.shape[0] ?? rows, outputs] });
  if (value.shape.length === 2) return result;
  const sizes = value.shape.slice(0, -1).map((size) => (size === 'N' ? 1 : size));
  return reshape(builder, result, [...sizes, outputs]);
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
