import type { Range } from '../../compiler/calibrate.ts';
import type { TensorSpec } from '../../compiler/tflite/write.ts';
import type { Link, ProductLink, Weight } from './chain.ts';

/** `real = (stored - zeroPoint) * scale`, stored as int8. */
export interface Meaning {
  readonly scale: number;
  readonly zeroPoint: number;
}

/** Zero, which pads and which relu leaves, is always among the numbers that an int8 holds exactly. */
export function meaningOfRange(range: Range): Meaning {
  const [min, max] = [Math.min(0, range.min), Math.max(0, range.max)];
  const scale = Math.fround((max - min) / 255) || 1;
  return { scale, zeroPoint: Math.max(-128, Math.min(127, Math.round(-128 - min / scale))) };
}

/**
 * What the bytes that a link gives mean. Some operators of TFLite fix it ("TensorFlow Lite 8-bit quantization
 * specification"): softmax and logistic give 1/256 a step, tanh 1/128; what only moves or chooses numbers keeps theirs.
 */
export function meaningOfLink({ kind }: Link, range: Range, input: Meaning): Meaning {
  switch (kind) {
    case 'softmax':
    case 'sigmoid':
      return { scale: 1 / 256, zeroPoint: -128 };
    case 'tanh':
      return { scale: 1 / 128, zeroPoint: 0 };
    case 'maxPool':
    case 'averagePool':
    case 'reshape':
    case 'enlarge':
      return input;
    default:
      return meaningOfRange(range);
  }
}

/**
 * Weights as int8 of -127 to 127, a scale for each output channel, of dense ones one for all, which every runtime
 * knows; the bias as int32 in the scale of the products.
 */
export function quantizedProduct(
  link: ProductLink,
  filter: Weight,
  input: Meaning,
): { readonly filter: TensorSpec; readonly bias: TensorSpec } {
  const { kind, bias, name } = link;
  const axis = kind === 'depthwise' ? 3 : 0;
  const channels = kind === 'dense' ? 1 : (filter.shape[axis] ?? 1);
  const inner = filter.data.length / channels;
  const channelOf = (i: number) => (kind === 'depthwise' ? i % channels : Math.floor(i / inner));
  const greatest = new Float64Array(channels);
  for (const [i, weight] of filter.data.entries()) {
    greatest[channelOf(i)] = Math.max(greatest[channelOf(i)] ?? 0, Math.abs(weight));
  }
  const scales = Array.from(greatest, (value) => Math.fround(value / 127) || 1);
  const scaleOf = (channel: number) => scales[channels === 1 ? 0 : channel] ?? 1;
  const weights = Int8Array.from(filter.data, (weight, i) => Math.round(weight / scaleOf(channelOf(i))));
  const biasScales = scales.map((scale) => input.scale * scale);
  const sums = Int32Array.from(bias, (value, i) => Math.round(value / (input.scale * scaleOf(i))));
  return {
    filter: {
      name: `${name}/weights`,
      shape: filter.shape,
      type: 'int8',
      data: weights,
      scale: scales,
      axis,
    },
    bias: {
      name: `${name}/bias`,
      shape: [bias.length],
      type: 'int32',
      data: sums,
      scale: biasScales,
      axis: 0,
    },
  };
}
