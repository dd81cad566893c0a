import type { Value } from '../nhwc-builder.ts';
import { convolution, type Pair, transposedConvolution, type Window } from '../nhwc-windows.ts';
import { activated, type Call, type Importer, input, output } from './call.ts';
import { paddingOf, positive, sidesOfOutput } from './pictures.ts';
import { weightsOf } from './weights.ts';

/** Height and width, which the options have the other way round from field `field` on. */
function pair(call: Call, field: number, fallback: number): Pair {
  const [width = 1, height = 1] = [field, field + 1].map((at) =>
    positive(call.options?.int32(at, fallback) ?? fallback, 'stride or dilation'),
  );
  return [height, width];
}

function kernelSize(dims: readonly number[]): Pair {
  const [, , height, width] = dims;
  if (height === undefined || width === undefined)
    throw new RangeError(`Expected a kernel but received [${dims}]`);
  return [height, width];
}

/** Weights `[out, height, width, in / groups]`. */
function convolve(call: Call): Value {
  const { weights, bias, dims } = weightsOf(call, {
    source: 0,
    weights: 1,
    bias: 2,
    perm: [0, 3, 1, 2],
    axis: 0,
  });
  const value = input(call, 0);
  const [outputs = 0, depth = 1] = dims;
  const window: Window = {
    kernel: kernelSize(dims),
    strides: pair(call, 1, 0),
    dilations: pair(call, 4, 1),
    padding: paddingOf(call.options?.int8(0) ?? 0),
  };
  const groups = groupsOf(Number(value.shape[3]), depth, outputs);
  return activated(call, convolution(call.builder, value, { weights, bias, groups, outputs }, window), 3);
}

function groupsOf(channels: number, depth: number, outputs: number): number {
  const groups = channels / depth;
  if (Number.isInteger(groups) && groups >= 1 && outputs % groups === 0) return groups;
  throw new RangeError(`Expected weights for ${channels} channels but received some for ${depth}`);
}

/** Weights `[1, height, width, channels * multiplier]`: each output reads one channel. */
function depthwise(call: Call): Value {
  const { weights, bias, dims } = weightsOf(call, {
    source: 0,
    weights: 1,
    bias: 2,
    perm: [3, 0, 1, 2],
    axis: 0,
  });
  const value = input(call, 0);
  const [outputs = 0, depth] = dims;
  const groups = groupsOf(Number(value.shape[3]), 1, outputs);
  if (depth !== 1) throw new RangeError(`Expected weights of one channel each but received ${depth}`);
  const window: Window = {
    kernel: kernelSize(dims),
    strides: pair(call, 1, 0),
    dilations: pair(call, 5, 1),
    padding: paddingOf(call.options?.int8(0) ?? 0),
  };
  return activated(call, convolution(call.builder, value, { weights, bias, groups, outputs }, window), 4);
}

/** Inputs: the shape of the output, weights `[out, height, width, in]`, the value, perhaps a bias. */
function transposed(call: Call): Value {
  const { weights, bias, dims } = weightsOf(call, {
    source: 2,
    weights: 1,
    bias: 3,
    perm: [3, 0, 1, 2],
    axis: 1,
  });
  const window: Window = {
    kernel: kernelSize(dims),
    strides: pair(call, 1, 0),
    padding: paddingOf(call.options?.int8(0) ?? 0),
  };
  const kernel = { weights, bias, groups: 1, outputs: dims[1] ?? 0 };
  const value = transposedConvolution(call.builder, input(call, 2), kernel, window, sidesOfOutput(call));
  return activated(call, value, 3);
}

/** MediaPipe's own: the options are a C struct of padding (1 is SAME, 2 VALID), width and height of strides. */
function transposedWithBias(call: Call): Value {
  const { weights, bias, dims } = weightsOf(call, {
    source: 0,
    weights: 1,
    bias: 2,
    perm: [3, 0, 1, 2],
    axis: 1,
  });
  const { buffer, byteOffset, byteLength } = call.customOptions;
  const struct = new DataView(buffer, byteOffset, byteLength);
  const [code, width, height] = [0, 4, 8].map((at) => struct.getInt32(at, true));
  const window: Window = {
    kernel: kernelSize(dims),
    strides: [positive(height ?? 0, 'stride'), positive(width ?? 0, 'stride')],
    padding: paddingOf((code ?? 0) - 1),
  };
  const kernel = { weights, bias, groups: 1, outputs: output(call).shape[3] ?? 0 };
  return transposedConvolution(call.builder, input(call, 0), kernel, window, sidesOfOutput(call));
}

export const convolutions: Readonly<Record<string, Importer>> = {
  CONV_2D: convolve,
  Convolution2DTransposeBias: transposedWithBias,
  DEPTHWISE_CONV_2D: depthwise,
  TRANSPOSE_CONV: transposed,
};
