import type { NhwcBuilder, Value } from '../../nhwc-builder.ts';
import { elementwise } from '../../nhwc-elementwise.ts';
import { averagePool, maxPool, type Pads, type Pair } from '../../nhwc-windows.ts';
import { activated, leakyRelu } from '../activations.ts';
import { blocksOf, convolvedBlocks } from '../blocks.ts';
import { type Call, input, numbers, type Operator, type Operators } from '../call.ts';
import { convolve, convolveBackwards, convolveDepthwise, type Placement, type Weights } from '../filters.ts';
import { floatOf, integersOf, stringOf, stringsOf } from '../graph-def.ts';
import { batchNormalised } from '../normalise.ts';
import { matmulOf } from './products.ts';

type Convolve = (builder: NhwcBuilder, value: Value, weights: Weights, placement: Placement) => Value;

/** Height and width of an attribute that has a number for each of the four dimensions. */
function pairOf({ node }: Call, name: string): Pair {
  const [batch = 1, height = 1, width = 1, channels = 1] = integersOf(node, name);
  if (batch === 1 && channels === 1 && height > 0 && width > 0) return [height, width];
  throw new RangeError(`Expected ${name} of height and width but received [${integersOf(node, name)}]`);
}

function placementOf(call: Call): Placement {
  channelsLast(call);
  const dilations = integersOf(call.node, 'dilations').length > 0 ? pairOf(call, 'dilations') : undefined;
  return { strides: pairOf(call, 'strides'), padding: paddingOf(call), ...(dilations && { dilations }) };
}

function channelsLast({ node }: Call): void {
  const format = stringOf(node, 'data_format', 'NHWC');
  if (format !== 'NHWC') throw new RangeError(`Expected channels last but received ${format}`);
}

function paddingOf({ node }: Call): 'SAME' | 'VALID' | Pads {
  const padding = stringOf(node, 'padding', '');
  if (padding === 'SAME' || padding === 'VALID') return padding;
  const [n0 = 0, n1 = 0, top = 0, bottom = 0, left = 0, right = 0, c0 = 0, c1 = 0] = integersOf(
    node,
    'explicit_paddings',
  );
  if (padding === 'EXPLICIT' && [n0, n1, c0, c1].every((each) => each === 0)) {
    return { before: [top, left], after: [bottom, right] };
  }
  throw new RangeError(`Expected padding SAME or VALID but received ${padding}`);
}

const convolution =
  (apply: Convolve): Operator =>
  (call) => {
    const { builder } = call;
    const placement = placementOf(call);
    const fused = fusedOf(call);
    const weights = { filter: input(call, 1), bias: fused.bias };
    const value = input(call, 0);
    const blocks = blocksOf(value);
    if (blocks === undefined) return fused.activate(apply(builder, value, weights, placement));
    return convolvedBlocks(builder, blocks, placement, (picture, spread) =>
      fused.activate(apply(builder, picture, weights, spread)),
    );
  };

/** The bias and the activation that the converter has put into the operator. */
function fusedOf(call: Call): { bias: Value | undefined; activate: (value: Value) => Value } {
  const { builder, node, inputs } = call;
  const [first, ...others] = stringsOf(node, 'fused_ops');
  const hasBias = first === 'BiasAdd';
  const name = hasBias ? others[0] : first;
  const bias = hasBias ? inputs[2] : undefined;
  const activate = (value: Value) => {
    if (name === undefined) return value;
    if (name === 'Prelu') return elementwise(builder, 'PRelu', [value, input(call, hasBias ? 3 : 2)]);
    if (name === 'LeakyRelu') return leakyRelu(builder, value, floatOf(node, 'leakyrelu_alpha', 0.2));
    return activated(builder, value, name);
  };
  return { bias, activate };
}

function backwards(call: Call): Value {
  const [, height = 0, width = 0] = numbers(call, 0);
  return convolveBackwards(call.builder, input(call, 2), { filter: input(call, 1) }, placementOf(call), [
    height,
    width,
  ]);
}

const pool =
  (apply: typeof maxPool): Operator =>
  (call) => {
    channelsLast(call);
    const window = {
      kernel: pairOf(call, 'ksize'),
      strides: pairOf(call, 'strides'),
      padding: paddingOf(call),
    };
    return apply(call.builder, input(call, 0), window);
  };

function normalised(call: Call): Value {
  channelsLast(call);
  const [value, scale, offset, mean, variance] = [0, 1, 2, 3, 4].map((index) => input(call, index));
  if (!value || !mean || !variance) throw new RangeError('Expected five inputs');
  const epsilon = floatOf(call.node, 'epsilon', 1e-3);
  return batchNormalised(call.builder, value, { scale, offset, mean, variance, epsilon });
}

function fusedMatmul(call: Call): Value {
  const { bias, activate } = fusedOf(call);
  return activate(matmulOf(call, bias));
}

export const convolutions: Operators = {
  AvgPool: pool(averagePool),
  Conv2D: convolution(convolve),
  Conv2DBackpropInput: backwards,
  DepthwiseConv2d: convolution(convolveDepthwise),
  DepthwiseConv2dNative: convolution(convolveDepthwise),
  FusedBatchNorm: normalised,
  FusedBatchNormV2: normalised,
  FusedBatchNormV3: normalised,
  FusedDepthwiseConv2dNative: convolution(convolveDepthwise),
  MaxPool: pool(maxPool),
  _FusedConv2D: convolution(convolve),
  _FusedMatMul: fusedMatmul,
};
