import type { Value } from '../nhwc-builder.ts';
import {
  averagePool,
  depthToSpace,
  maxPool,
  type Pair,
  resize,
  spaceToDepth,
  type Window,
} from '../nhwc-windows.ts';
import { activated, type Call, type Importer, input, operand, output } from './call.ts';

/* Operators on the height and width of pictures, without weights. */

/** `Padding` of the schema. */
export function paddingOf(code: number): 'SAME' | 'VALID' {
  if (code === 0) return 'SAME';
  if (code === 1) return 'VALID';
  throw new RangeError(`Expected the padding SAME or VALID but received ${code}`);
}

/** A count that a damaged file may have as anything: strides and sizes of windows are from 1. */
export function positive(value: number, what: string): number {
  if (value >= 1 && value <= 2 ** 16) return value;
  throw new RangeError(`Expected a ${what} from 1 but received ${value}`);
}

/**
 * Means of bytes often lie just between two. TFLite then rounds away from the zero of its type, the runtime
 * to the even one, and a softmax after a pool over all of a picture makes several steps of that one. A scale
 * some millionths off brings the halves to TFLite's side, where all that is averaged is on one side of zero
 * as after a ReLU: upwards for uint8, downwards for int8, whose lower half that is.
 */
function withTiesOfTflite(call: Call, value: Value): Value {
  const { builder } = call;
  const { quantization } = value;
  if (quantization?.zeroPoint !== 0) return value;
  const nudge = operand(call, 0).info.type === 'int8' ? 1 - 2 ** -21 : 1 + 2 ** -21;
  const scale = Math.fround(quantization.scale * nudge);
  const source = () => builder.nchw(value);
  return builder.value(source, { ...value, layout: 'nchw', quantization: { ...quantization, scale } });
}

const average = (call: Call, window: Window) =>
  averagePool(call.builder, withTiesOfTflite(call, input(call, 0)), window);

const max = (call: Call, window: Window) => maxPool(call.builder, input(call, 0), window);

const pool =
  (operation: typeof average): Importer =>
  (call) => {
    const { options } = call;
    const [padding = 0] = [options?.int8(0)];
    const [strideWidth = 1, strideHeight = 1, width = 1, height = 1] = [1, 2, 3, 4].map((field) =>
      positive(options?.int32(field) ?? 0, 'stride or window'),
    );
    const window: Window = {
      kernel: [height, width],
      strides: [strideHeight, strideWidth],
      padding: paddingOf(padding),
    };
    return activated(call, operation(call, window), 5);
  };

const resized =
  (mode: 'nearest' | 'linear', field: number): Importer =>
  (call) =>
    resize(call.builder, input(call, 0), sidesOfOutput(call), {
      mode,
      alignCorners: call.options?.bool(field) ?? false,
      halfPixel: call.options?.bool(field + 1) ?? false,
    });

export function sidesOfOutput(call: Call): Pair {
  const [, height, width] = output(call).shape;
  if (height === undefined || width === undefined) throw new RangeError('Expected a picture as the output');
  return [height, width];
}

const blocks =
  (operation: (builder: Call['builder'], value: Value, size: number) => Value): Importer =>
  (call) =>
    operation(call.builder, input(call, 0), positive(call.options?.int32(0) ?? 0, 'block'));

export const pictures: Readonly<Record<string, Importer>> = {
  AVERAGE_POOL_2D: pool(average),
  DEPTH_TO_SPACE: blocks(depthToSpace),
  MAX_POOL_2D: pool(max),
  // Two fields of old files come first.
  RESIZE_BILINEAR: resized('linear', 2),
  RESIZE_NEAREST_NEIGHBOR: resized('nearest', 0),
  SPACE_TO_DEPTH: blocks(spaceToDepth),
};
