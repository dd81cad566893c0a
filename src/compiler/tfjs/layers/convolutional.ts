import type { Value } from '../../nhwc-builder.ts';
import { pad, reshape, sizesOf, slice } from '../../nhwc-moves.ts';
import { averagePool, maxPool, type Pair, resize, sidesOf } from '../../nhwc-windows.ts';
import { activated } from '../activations.ts';
import { convolve, convolveBackwards, convolveDepthwise, type Placement } from '../filters.ts';
import {
  activationOf,
  channelsLast,
  flagOf,
  integersOf,
  type LayerCall,
  type Layers,
  only,
  pairOf,
  textOf,
} from '../layer-call.ts';

/* Layers whose window slides over a picture, or over a signal, which is a picture of one row. */

function placementOf(call: LayerCall, line: (sizes: Pair) => Pair = (sizes) => sizes): Placement {
  channelsLast(call);
  return {
    strides: line(pairOf(call, 'strides', [1, 1])),
    dilations: line(pairOf(call, 'dilation_rate', [1, 1])),
    padding: paddingOf(call),
  };
}

function paddingOf(call: LayerCall): 'SAME' | 'VALID' {
  const padding = textOf(call, 'padding', 'valid').toUpperCase();
  if (padding === 'SAME' || padding === 'VALID') return padding;
  throw new RangeError(`Expected padding same or valid but received ${padding}`);
}

function biasOf(call: LayerCall): Value | undefined {
  return flagOf(call, 'use_bias', true) ? call.weight('bias') : undefined;
}

function convolution(call: LayerCall): Value {
  const weights = { filter: call.weight('kernel'), bias: biasOf(call) };
  const value = convolve(call.builder, only(call), weights, placementOf(call));
  return activated(call.builder, value, activationOf(call));
}

function depthwise(call: LayerCall): Value {
  const weights = { filter: call.weight('depthwise_kernel'), bias: biasOf(call) };
  const value = convolveDepthwise(call.builder, only(call), weights, placementOf(call));
  return activated(call.builder, value, activationOf(call));
}

function separable(call: LayerCall): Value {
  const { builder } = call;
  const depths = convolveDepthwise(
    builder,
    only(call),
    { filter: call.weight('depthwise_kernel') },
    placementOf(call),
  );
  const points = { filter: call.weight('pointwise_kernel'), bias: biasOf(call) };
  return activated(builder, convolve(builder, depths, points, { padding: 'VALID' }), activationOf(call));
}

function transposed(call: LayerCall): Value {
  const { builder } = call;
  const value = only(call);
  const placement = placementOf(call);
  const filter = call.weight('kernel');
  const [strides, sides] = [placement.strides ?? [1, 1], sidesOf(value)];
  const output = ([0, 1] as const).map((side) => {
    const more = placement.padding === 'SAME' ? 0 : Math.max(Number(filter.shape[side]) - strides[side], 0);
    return sides[side] * strides[side] + more;
  });
  const size: Pair = [output[0] ?? 1, output[1] ?? 1];
  const result = convolveBackwards(builder, value, { filter, bias: biasOf(call) }, placement, size);
  return activated(builder, result, activationOf(call));
}

/** The window of a signal in a picture of one row. */
const inOneRow = ([length]: Pair): Pair => [1, length];

/** `[N, steps, channels]` as pictures of one row while `apply` has them. */
function asPicture(call: LayerCall, apply: (picture: Value) => Value): Value {
  const value = only(call);
  const [batch = 1, steps = 1, channels = 1] = sizesOf(value.shape);
  const result = apply(reshape(call.builder, value, [batch, 1, steps, channels]));
  const [, , outSteps = 1, outChannels = 1] = sizesOf(result.shape);
  return reshape(call.builder, result, [batch, outSteps, outChannels]);
}

function convolution1d(call: LayerCall): Value {
  const kernel = call.weight('kernel');
  const [length = 1, inputs = 1, outputs = 1] = sizesOf(kernel.shape);
  const filter = reshape(call.builder, kernel, [1, length, inputs, outputs]);
  const weights = { filter, bias: biasOf(call) };
  const placement = placementOf(call, inOneRow);
  const value = asPicture(call, (picture) => convolve(call.builder, picture, weights, placement));
  return activated(call.builder, value, activationOf(call));
}

function pool(call: LayerCall, apply: typeof maxPool): Value {
  channelsLast(call);
  const kernel = pairOf(call, 'pool_size', [2, 2]);
  const strides = pairOf(call, 'strides', kernel);
  return apply(call.builder, only(call), { kernel, strides, padding: paddingOf(call) });
}

function pool1d(call: LayerCall, apply: typeof maxPool): Value {
  const kernel = inOneRow(pairOf(call, 'pool_size', [2, 2]));
  const strides = inOneRow(pairOf(call, 'strides', [kernel[1], kernel[1]]));
  const window = { kernel, strides, padding: paddingOf(call) };
  return asPicture(call, (picture) => apply(call.builder, picture, window));
}

/** One number for all sides, one for height and width, or two for each: before and after. */
function margins(call: LayerCall, key: string, fallback: number): { before: Pair; after: Pair } {
  const given = call.config[key];
  const sides = Array.isArray(given) ? given : [given ?? fallback, given ?? fallback];
  const [[top, bottom], [left, right]] = [0, 1].map((side) => {
    const both = integersOf({ ...call, config: { both: sides[side] } }, 'both', [fallback]);
    return [both[0] ?? 0, both[1] ?? both[0] ?? 0] as const;
  }) as [Pair, Pair];
  return { before: [top, left], after: [bottom, right] };
}

function zeroPadding(call: LayerCall): Value {
  channelsLast(call);
  const { before, after } = margins(call, 'padding', 1);
  return pad(call.builder, only(call), [0, ...before, 0], [0, ...after, 0]);
}

function cropping(call: LayerCall): Value {
  channelsLast(call);
  const { before, after } = margins(call, 'cropping', 0);
  const value = only(call);
  const [batch = 1, height = 1, width = 1, channels = 1] = sizesOf(value.shape);
  const ends = [batch, height - after[0], width - after[1], channels];
  return slice(call.builder, value, [0, ...before, 0], ends);
}

/** As TensorFlow.js does it: pixels are points at whole numbers, while Keras now takes their centres. */
function upSampling(call: LayerCall): Value {
  channelsLast(call);
  const value = only(call);
  const [rows, columns] = pairOf(call, 'size', [2, 2]);
  const [height, width] = sidesOf(value);
  const mode = textOf(call, 'interpolation', 'nearest') === 'nearest' ? 'nearest' : 'linear';
  const options = { mode, alignCorners: false, halfPixel: false } as const;
  return resize(call.builder, value, [height * rows, width * columns], options);
}

export const convolutional: Layers = {
  AveragePooling1D: (call) => pool1d(call, averagePool),
  AveragePooling2D: (call) => pool(call, averagePool),
  Conv1D: convolution1d,
  Conv2D: convolution,
  Conv2DTranspose: transposed,
  Cropping2D: cropping,
  DepthwiseConv2D: depthwise,
  MaxPooling1D: (call) => pool1d(call, maxPool),
  MaxPooling2D: (call) => pool(call, maxPool),
  SeparableConv2D: separable,
  UpSampling2D: upSampling,
  ZeroPadding2D: zeroPadding,
};
