import type { Value } from '../../nhwc-builder.ts';
import { tile } from '../../nhwc-gather.ts';
import { axisOf, pad, sizeOf, sizesOf, slice, split, transpose } from '../../nhwc-moves.ts';
import { depthToSpace, type Pair, resize, spaceToDepth } from '../../nhwc-windows.ts';
import { reshaped } from '../alone.ts';
import { blocksOf, inBlocks, outOfBlocks } from '../blocks.ts';
import { type Call, input, numbers, type Operator, type Operators, oneNumber } from '../call.ts';
import { tensorOf } from '../constants.ts';
import { boolOf, integerOf, integersOf, stringOf } from '../graph-def.ts';
import { expanded, joined } from '../joined.ts';
import { stridedSlice } from '../strided-slice.ts';

/* Operators that move numbers, or leave some out. */

function expandDims(call: Call): Value {
  const value = input(call, 0);
  const axis = axisOf(oneNumber(call, 1), value.shape.length + 1);
  return reshaped(call.builder, value, sizesOf(value.shape).toSpliced(axis, 0, 1));
}

function squeeze(call: Call): Value {
  const value = input(call, 0);
  const sizes = sizesOf(value.shape);
  const named = [...integersOf(call.node, 'squeeze_dims'), ...integersOf(call.node, 'axis')];
  const axes = named.map((axis) => axisOf(axis, sizes.length));
  const left = sizes.filter((size, axis) => (axes.length > 0 ? !axes.includes(axis) : size !== 1));
  return reshaped(call.builder, value, left);
}

function pack(call: Call): Value {
  const { builder, inputs } = call;
  const axis = axisOf(integerOf(call.node, 'axis', 0), input(call, 0).shape.length + 1);
  const values = inputs.map((value) => reshaped(builder, value, sizesOf(value.shape).toSpliced(axis, 0, 1)));
  return joined(builder, values, axis);
}

function unpack(call: Call): readonly Value[] {
  const { builder } = call;
  const value = input(call, 0);
  const axis = axisOf(integerOf(call.node, 'axis', 0), value.shape.length);
  const sizes = sizesOf(value.shape);
  const count = sizes[axis] ?? 0;
  const one = Array.from({ length: count }, () => 1);
  const parts = count === 1 ? [value] : split(builder, value, axis, one);
  return parts.map((part) => reshaped(builder, part, sizes.toSpliced(axis, 1)));
}

function concatenated(call: Call): Value {
  const [values, axis] =
    call.node.op === 'Concat'
      ? [call.inputs.slice(1), oneNumber(call, 0)]
      : [call.inputs.slice(0, -1), oneNumber(call, -1)];
  return joined(call.builder, values, axis);
}

function splitEqually(call: Call): readonly Value[] {
  const value = input(call, 1);
  const axis = axisOf(oneNumber(call, 0), value.shape.length);
  const count = integerOf(call.node, 'num_split', 1);
  const size = sizeOf(value.shape[axis]) / count;
  if (!Number.isInteger(size))
    throw new RangeError(`Expected a size that divides into ${count} for the axis`);
  return split(
    call.builder,
    value,
    axis,
    Array.from({ length: count }, () => size),
  );
}

/** One of the sizes may be -1, "the rest". */
function splitBySizes(call: Call): readonly Value[] {
  const value = input(call, 0);
  const axis = axisOf(oneNumber(call, 2), value.shape.length);
  const sizes = numbers(call, 1);
  const rest = sizeOf(value.shape[axis]) - sizes.reduce((sum, size) => sum + Math.max(0, size), 0);
  return split(
    call.builder,
    value,
    axis,
    sizes.map((size) => (size < 0 ? rest : size)),
  );
}

function sliced(call: Call): Value {
  const value = input(call, 0);
  const starts = numbers(call, 1);
  const sizes = numbers(call, 2);
  const whole = sizesOf(value.shape);
  const ends = starts.map((start, axis) =>
    sizes[axis] === -1 ? (whole[axis] ?? 0) : start + (sizes[axis] ?? 0),
  );
  return slice(call.builder, value, starts, ends);
}

function slicedWithStrides(call: Call): Value {
  const { node } = call;
  return stridedSlice(call.builder, input(call, 0), {
    begin: numbers(call, 1),
    end: numbers(call, 2),
    strides: numbers(call, 3),
    masks: {
      begin: integerOf(node, 'begin_mask', 0),
      end: integerOf(node, 'end_mask', 0),
      ellipsis: integerOf(node, 'ellipsis_mask', 0),
      newAxis: integerOf(node, 'new_axis_mask', 0),
      shrink: integerOf(node, 'shrink_axis_mask', 0),
    },
  });
}

function reversed(call: Call): Value {
  const value = input(call, 0);
  const sizes = sizesOf(value.shape);
  const axes = numbers(call, 1).map((axis) => axisOf(axis, sizes.length));
  const back = (axis: number) => axes.includes(axis) && sizes[axis] !== 1;
  return slice(
    call.builder,
    value,
    sizes.map((size, axis) => (back(axis) ? size - 1 : 0)),
    sizes.map((size, axis) => (back(axis) ? -1 : size)),
    sizes.map((_, axis) => (back(axis) ? -1 : 1)),
  );
}

/** Numbers of an input of `[axes, 2]`: before and after each axis. */
function pairs(call: Call, index: number): { before: number[]; after: number[] } {
  const flat = numbers(call, index);
  return { before: flat.filter((_, i) => i % 2 === 0), after: flat.filter((_, i) => i % 2 === 1) };
}

function padded(call: Call): Value {
  const { before, after } = pairs(call, 1);
  const constant = call.inputs[2];
  const options = constant ? { constant: tensorOf(constant, 'the padding') } : {};
  return pad(call.builder, input(call, 0), before, after, options);
}

function mirrored(call: Call): Value {
  const mode = stringOf(call.node, 'mode', 'REFLECT');
  if (mode !== 'REFLECT') throw new RangeError(`Expected mode REFLECT but received ${mode}`);
  const { before, after } = pairs(call, 1);
  return pad(call.builder, input(call, 0), before, after, { mode: 'reflect' });
}

function pair([first, second, ...others]: readonly number[]): Pair {
  if (first !== undefined && second !== undefined && others.length === 0) return [first, second];
  throw new RangeError('Expected a number for height and one for width');
}

function spaceToBatch(call: Call): Value {
  const { before, after } = pairs(call, 2);
  const block = pair(numbers(call, 1));
  return inBlocks(call.builder, { picture: input(call, 0), block, before: pair(before), after: pair(after) });
}

function batchToSpace(call: Call): Value {
  const blocks = blocksOf(input(call, 0));
  if (blocks === undefined) throw new RangeError('Expected pictures in blocks around a convolution');
  const { before, after } = pairs(call, 2);
  return outOfBlocks(call.builder, blocks, pair(numbers(call, 1)), pair(before), pair(after));
}

const resized =
  (mode: 'nearest' | 'linear'): Operator =>
  (call) =>
    resize(call.builder, input(call, 0), pair(numbers(call, 1)), {
      mode,
      alignCorners: boolOf(call.node, 'align_corners'),
      halfPixel: boolOf(call.node, 'half_pixel_centers'),
    });

const same: Operator = (call) => input(call, 0);

export const movements: Operators = {
  BatchToSpaceND: batchToSpace,
  BroadcastTo: (call) => expanded(call.builder, input(call, 0), numbers(call, 1)),
  CheckNumerics: same,
  Concat: concatenated,
  ConcatV2: concatenated,
  DepthToSpace: (call) => depthToSpace(call.builder, input(call, 0), integerOf(call.node, 'block_size', 1)),
  EnsureShape: same,
  ExpandDims: expandDims,
  Identity: same,
  IdentityN: ({ inputs }) => inputs,
  MirrorPad: mirrored,
  Pack: pack,
  Pad: padded,
  PadV2: padded,
  PlaceholderWithDefault: same,
  Reshape: (call) => reshaped(call.builder, input(call, 0), numbers(call, 1)),
  ResizeBilinear: resized('linear'),
  ResizeNearestNeighbor: resized('nearest'),
  Reverse: reversed,
  ReverseV2: reversed,
  Slice: sliced,
  Snapshot: same,
  SpaceToBatchND: spaceToBatch,
  SpaceToDepth: (call) => spaceToDepth(call.builder, input(call, 0), integerOf(call.node, 'block_size', 1)),
  Split: splitEqually,
  SplitV: splitBySizes,
  Squeeze: squeeze,
  StopGradient: same,
  StridedSlice: slicedWithStrides,
  Tile: (call) => tile(call.builder, input(call, 0), numbers(call, 1)),
  Transpose: (call) => transpose(call.builder, input(call, 0), numbers(call, 1)),
  Unpack: unpack,
};
