import type { Attribute } from './graph.ts';
import type { NhwcBuilder, Value } from './nhwc-builder.ts';
import { kept } from './nhwc-moves.ts';

/*
 * Operators whose window slides over the height and width of a picture. They run channels first.
 */

export type Pair = readonly [height: number, width: number];

export interface Window {
  readonly kernel: Pair;
  /** Default 1 each, as of `dilations`. */
  readonly strides?: Pair;
  readonly dilations?: Pair;
  readonly padding: 'SAME' | 'VALID' | Pads;
}

/** Rows and columns around a picture. */
export interface Pads {
  readonly before: Pair;
  readonly after: Pair;
}

const once: Pair = [1, 1];
const none: Pads = { before: [0, 0], after: [0, 0] };

/**
 * Where the window comes to stand on a picture of `input`. With `SAME` the output has a place for each
 * stride, and of an odd number of rows or columns the one more is after the picture, as TensorFlow does it:
 * https://www.tensorflow.org/api_docs/python/tf/nn#notes_on_padding_2
 */
function placed(input: Pair, window: Window): { readonly pads: Pads; readonly output: Pair } {
  const { kernel, strides = once, dilations = once, padding } = window;
  const sides = ([0, 1] as const).map((side) => {
    const span = (kernel[side] - 1) * dilations[side] + 1;
    if (padding === 'SAME') {
      const output = Math.ceil(input[side] / strides[side]);
      const total = Math.max(0, (output - 1) * strides[side] + span - input[side]);
      return { output, before: Math.floor(total / 2), after: Math.ceil(total / 2) };
    }
    const { before, after } = padding === 'VALID' ? none : padding;
    const room = input[side] + before[side] + after[side] - span;
    const output = Math.floor(room / strides[side]) + 1;
    return { output, before: before[side], after: after[side] };
  }) as [Side, Side];
  const [height, width] = sides;
  if (height.output < 1 || width.output < 1) {
    throw new RangeError(`Expected a window within the picture but received ${kernel} for ${input}`);
  }
  return {
    pads: { before: [height.before, width.before], after: [height.after, width.after] },
    output: [height.output, width.output],
  };
}

interface Side {
  readonly output: number;
  readonly before: number;
  readonly after: number;
}

/** Height and width of a picture `[N, H, W, C]`. */
export function sidesOf(value: Value): Pair {
  const [, height, width] = value.shape;
  if (value.shape.length === 4 && typeof height === 'number' && typeof width === 'number') {
    return [height, width];
  }
  throw new RangeError(`Expected a picture but received a value of shape [${value.shape}]`);
}

export function channelsOf(value: Value): number {
  return Number(value.shape[3]);
}

function windowAttributes({ kernel, strides = once, dilations = once }: Window, pads: Pads) {
  const attributes: Record<string, Attribute> = {
    kernel_shape: { ints: kernel },
    strides: { ints: strides },
  };
  if (dilations.some((each) => each !== 1)) attributes.dilations = { ints: dilations };
  const around = [...pads.before, ...pads.after];
  if (around.some((each) => each !== 0)) attributes.pads = { ints: around };
  return attributes;
}

export interface Kernel {
  /** Names of `[out, in / groups, height, width]` and of `[out]`, as real numbers. */
  readonly weights: string;
  readonly bias?: string | undefined;
  readonly groups: number;
  readonly outputs: number;
}

/** A convolution; zeros that were put around the picture before become its own padding. */
export function convolution(builder: NhwcBuilder, value: Value, kernel: Kernel, window: Window): Value {
  const { pads, output } = placed(sidesOf(value), window);
  const { picture, pads: all } = unpadded(builder, value, pads);
  const { weights, bias, groups, outputs } = kernel;
  const inputs = [builder.float('nchw', picture), weights, ...(bias === undefined ? [] : [bias])];
  const attributes = windowAttributes(window, all);
  if (groups !== 1) attributes.group = { int: groups };
  const name = builder.graph.add('Conv', inputs, { attributes });
  return pictureOf(builder, name, value, output, outputs);
}

function unpadded(builder: NhwcBuilder, value: Value, pads: Pads): { picture: Value; pads: Pads } {
  const padding = builder.paddingOf(value);
  if (padding === undefined) return { picture: value, pads };
  const { picture, before, after } = padding;
  const [n0, top = 0, left = 0, c0] = before;
  const [n1, bottom = 0, right = 0, c1] = after;
  // A negative pad cuts the picture, and pads of samples or channels are none of a convolution's.
  if ([n0, n1, c0, c1].some((each) => each !== 0) || Math.min(top, left, bottom, right) < 0) {
    return { picture: value, pads };
  }
  const sum = (a: Pair, b: Pair): Pair => [a[0] + b[0], a[1] + b[1]];
  return {
    picture,
    pads: { before: sum(pads.before, [top, left]), after: sum(pads.after, [bottom, right]) },
  };
}

/**
 * A convolution backwards, to a picture of `output`: each number of the input goes to a window of the output.
 * @param kernel weights of `[in, out / groups, height, width]`
 */
export function transposedConvolution(
  builder: NhwcBuilder,
  value: Value,
  kernel: Kernel,
  window: Window,
  output: Pair,
): Value {
  const { pads, output: expected } = placed(output, window);
  const sides = sidesOf(value);
  if (sides[0] !== expected[0] || sides[1] !== expected[1]) {
    throw new RangeError(`Expected an input of ${expected} for an output of ${output} but received ${sides}`);
  }
  const { strides = once, dilations = once } = window;
  const more = ([0, 1] as const).map((side) => {
    const span = (window.kernel[side] - 1) * dilations[side] + 1;
    const reached = (sides[side] - 1) * strides[side] + span - pads.before[side] - pads.after[side];
    return output[side] - reached;
  });
  const { weights, bias, groups, outputs } = kernel;
  const inputs = [builder.float('nchw', value), weights, ...(bias === undefined ? [] : [bias])];
  const attributes = windowAttributes(window, pads);
  if (more.some((each) => each !== 0)) attributes.output_padding = { ints: more };
  if (groups !== 1) attributes.group = { int: groups };
  const name = builder.graph.add('ConvTranspose', inputs, { attributes });
  return pictureOf(builder, name, value, output, outputs);
}

/** The greatest of each window; bytes stay bytes, since they are in the order of what they mean. */
export function maxPool(builder: NhwcBuilder, value: Value, window: Window): Value {
  const { pads, output } = placed(sidesOf(value), window);
  const attributes = windowAttributes(window, pads);
  const name = builder.graph.add('MaxPool', [builder.nchw(value)], { attributes });
  return pictureOf(builder, name, value, output, channelsOf(value), kept(value));
}

/** The mean of each window, of what of it is on the picture. */
export function averagePool(builder: NhwcBuilder, value: Value, window: Window): Value {
  const { pads, output } = placed(sidesOf(value), window);
  const [height, width] = sidesOf(value);
  const whole =
    window.kernel[0] === height && window.kernel[1] === width && output.every((side) => side === 1);
  const unpaddedWhole = whole && [...pads.before, ...pads.after].every((each) => each === 0);
  const name = unpaddedWhole
    ? builder.graph.add('GlobalAveragePool', [builder.float('nchw', value)])
    : builder.graph.add('AveragePool', [builder.float('nchw', value)], {
        attributes: windowAttributes(window, pads),
      });
  return pictureOf(builder, name, value, output, channelsOf(value));
}

function pictureOf(
  builder: NhwcBuilder,
  name: string,
  { shape: [batch = 1] }: Value,
  [height, width]: Pair,
  channels: number,
  parts: Pick<Value, 'type' | 'quantization'> = { type: 'float32' },
): Value {
  return builder.value(name, { ...parts, shape: [batch, height, width, channels], layout: 'nchw' });
}

export interface ResizeOptions {
  readonly mode: 'nearest' | 'linear';
  /** The corners of both pictures are the same points. */
  readonly alignCorners: boolean;
  /** Pixels are squares with their centres at a half, not points. */
  readonly halfPixel: boolean;
}

/** The picture in another size, each output the nearest input or a mean of the four around it. */
export function resize(builder: NhwcBuilder, value: Value, output: Pair, options: ResizeOptions): Value {
  const sides = sidesOf(value);
  const { mode, alignCorners, halfPixel } = options;
  const transform = alignCorners ? 'align_corners' : halfPixel ? 'half_pixel' : 'asymmetric';
  const attributes: Record<string, Attribute> = {
    mode: { string: mode },
    coordinate_transformation_mode: { string: transform },
  };
  if (mode === 'nearest') {
    // TensorFlow takes floor((x + 1/2) * scale) with half pixels, which is round(x) of ONNX's coordinate.
    attributes.nearest_mode = { string: transform === 'asymmetric' ? 'floor' : 'round_prefer_ceil' };
  }
  const scales = Float32Array.of(1, 1, ratio(sides[0], output[0]), ratio(sides[1], output[1]));
  const constant = builder.graph.constant('scales', { type: 'float32', dims: [4], data: scales });
  const carried = mode === 'nearest';
  const name = builder.graph.add(
    'Resize',
    [carried ? builder.nchw(value) : builder.float('nchw', value), '', constant],
    { attributes },
  );
  return pictureOf(builder, name, value, output, channelsOf(value), carried ? kept(value) : undefined);
}

/** A float32 with which ONNX, which rounds down, comes to exactly `output`. */
function ratio(input: number, output: number): number {
  const scale = Math.fround(output / input);
  return Math.floor(Math.fround(input * scale)) === output ? scale : Math.fround(scale * (1 + 2 ** -23));
}

/** Blocks of `size` × `size` pixels out of the channels of one. */
export function depthToSpace(builder: NhwcBuilder, value: Value, size: number): Value {
  const [height, width] = sidesOf(value);
  const channels = channelsOf(value) / size ** 2;
  if (!Number.isInteger(channels)) throw new RangeError(`Expected channels for blocks of ${size}`);
  const attributes = { blocksize: { int: size }, mode: { string: 'DCR' } };
  const name = builder.graph.add('DepthToSpace', [builder.nchw(value)], { attributes });
  return pictureOf(builder, name, value, [height * size, width * size], channels, kept(value));
}

/** The channels of one pixel out of blocks of `size` × `size`. */
export function spaceToDepth(builder: NhwcBuilder, value: Value, size: number): Value {
  const [height, width] = sidesOf(value);
  if (height % size !== 0 || width % size !== 0) throw new RangeError(`Expected sides for blocks of ${size}`);
  const name = builder.graph.add('SpaceToDepth', [builder.float('nchw', value)], {
    attributes: { blocksize: { int: size } },
  });
  return pictureOf(builder, name, value, [height / size, width / size], channelsOf(value) * size ** 2);
}
