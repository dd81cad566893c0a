import type { Range } from './calibrate.ts';
import type { TypedTensor } from './tensor.ts';

/** `real = (byte - zeroPoint) * scale` */
export interface Parameters {
  /** A float32. */
  readonly scale: number;
  /** 0 to 255. */
  readonly zeroPoint: number;
}

/**
 * The parameters with which 0 to 255 just cover `range`. Zero is always among the numbers that a byte can
 * hold exactly, since it pads and since it is what ReLU leaves.
 */
export function activationParameters(range: Range): Parameters {
  const min = Math.min(range.min, 0);
  const max = Math.max(range.max, 0);
  const scale = Math.fround((max - min) / 255) || 1;
  return { scale, zeroPoint: Math.min(255, Math.max(0, Math.round(-min / scale))) };
}

/**
 * The greatest magnitude of a weight. Processors without VNNI or dot-product instructions (x86 before 2019
 * and many small ones since) add two products of a byte and a weight in 16 bits, saturating: 2 · 255 · 127
 * overflows, 2 · 255 · 64 does not. `reduced` loses a bit and answers alike everywhere.
 */
const greatest = { full: 127, reduced: 64 } as const;

export type WeightRange = keyof typeof greatest;

export interface QuantizedWeights {
  /** In the shape of the weights. */
  readonly weights: TypedTensor<'int8'>;
  /** `[channels]` */
  readonly scales: TypedTensor<'float32'>;
  /** `[channels]`, with `biasScales` as `real = bias * biasScale`; only where a bias was given. */
  readonly bias?: TypedTensor<'int32'>;
  readonly biasScales: TypedTensor<'float32'>;
}

/**
 * Symmetric int8 weights with a scale for each channel along `axis`, and the bias as int32 in the scale of
 * the products that it is added to: exactly `float32(inputScale * weightScale)`, since the runtime silently
 * computes in float where it is another number.
 */
export function quantizeWeights(options: {
  weights: TypedTensor<'float32'>;
  bias?: TypedTensor<'float32'> | undefined;
  axis: number;
  inputScale: number;
  range: WeightRange;
}): QuantizedWeights {
  const { weights, bias, axis, inputScale } = options;
  const limit = greatest[options.range];
  const channels = weights.dims[axis] ?? 1;
  const stride = weights.dims.slice(axis + 1).reduce((product, size) => product * size, 1);
  const channelOf = (i: number) => Math.floor(i / stride) % channels;

  const magnitudes = new Float64Array(channels);
  for (const [i, weight] of weights.data.entries()) {
    const channel = channelOf(i);
    magnitudes[channel] = Math.max(magnitudes[channel] ?? 0, Math.abs(weight));
  }
  const scales = Float32Array.from(magnitudes, (magnitude, channel) =>
    Math.max(magnitude / limit, smallestScale(inputScale, bias?.data[channel] ?? 0)),
  );
  const biasScales = scales.map((scale) => inputScale * scale);
  const quantized = new Int8Array(weights.data.length);
  for (const [i, weight] of weights.data.entries()) {
    quantized[i] = clamped(weight / (scales[channelOf(i)] ?? 1), limit);
  }
  return {
    weights: { type: 'int8', dims: weights.dims, data: quantized },
    scales: { type: 'float32', dims: [channels], data: scales },
    biasScales: { type: 'float32', dims: [channels], data: biasScales },
    ...(bias && {
      bias: {
        type: 'int32',
        dims: [channels],
        data: Int32Array.from(bias.data, (value, channel) => Math.round(value / (biasScales[channel] ?? 1))),
      },
    }),
  };
}

/** Below it, the bias would not fit int32 (with room for the sum), or the scale would not be a normal float. */
function smallestScale(inputScale: number, bias: number): number {
  return Math.max(Math.abs(bias) / (inputScale * 2 ** 30), 2 ** -60);
}

function clamped(value: number, limit: number): number {
  return Math.min(limit, Math.max(-limit, Math.round(value)));
}
