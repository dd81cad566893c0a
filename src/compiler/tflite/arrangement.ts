import type { Value } from '../nhwc-builder.ts';
import { gather, gatherNd, tile } from '../nhwc-gather.ts';
import { axisOf, concat, pad, reshape, sameMeaning, slice, split, transpose } from '../nhwc-moves.ts';
import { activated, asOutput, type Call, type Importer, input, integersOf, operand, output } from './call.ts';
import { meaningOf, storedBytes } from './stored.ts';

/* Operators that arrange elements anew. Bytes stay bytes. */

/** TFLite says the shape of every value, so that operators which compute one need not be followed. */
function toShape(call: Call): Value {
  return reshape(call.builder, input(call, 0), output(call).shape);
}

/** Bytes of several meanings become those of the result one by one. */
function join(call: Call, values: readonly Value[], axis: number): Value {
  const { builder } = call;
  const [first] = values;
  const one = values.every(({ quantization }) => sameMeaning(quantization, first?.quantization));
  return one ? concat(builder, values, axis) : asOutput(call, concat(builder, values, axis));
}

function concatenation(call: Call): Value {
  const values = call.inputs.map((_, index) => input(call, index));
  return activated(call, join(call, values, call.options?.int32(0) ?? 0), 1);
}

/** The values in a new dimension. */
function pack(call: Call): Value {
  const { shape } = output(call);
  const axis = axisOf(call.options?.int32(1) ?? 0, shape.length);
  const values = call.inputs.map((_, index) =>
    reshape(call.builder, input(call, index), shape.with(axis, 1)),
  );
  return join(call, values, axis);
}

function unpack(call: Call): Value[] {
  const value = input(call, 0);
  const axis = axisOf(call.options?.int32(1) ?? 0, value.shape.length);
  const pieces = split(call.builder, value, axis, ones(call));
  return pieces.map((piece, index) => reshape(call.builder, piece, output(call, index).shape));
}

function ones(call: Call): number[] {
  return call.outputs.map(() => 1);
}

function splitEvenly(call: Call): Value[] {
  const value = input(call, 1);
  const [axis = 0] = integersOf(call, 0);
  const size = Number(value.shape[axisOf(axis, value.shape.length)]) / call.outputs.length;
  return split(
    call.builder,
    value,
    axis,
    ones(call).map(() => size),
  );
}

function splitBySizes(call: Call): Value[] {
  const value = input(call, 0);
  const [axis = 0] = integersOf(call, 2);
  const at = axisOf(axis, value.shape.length);
  return split(
    call.builder,
    value,
    at,
    call.outputs.map(({ shape }) => shape[at] ?? 0),
  );
}

function sliceBySize(call: Call): Value {
  const { shape } = output(call);
  const starts = integersOf(call, 1);
  return slice(
    call.builder,
    input(call, 0),
    starts,
    starts.map((start, axis) => start + (shape[axis] ?? 0)),
  );
}

/** The masks have a bit an axis. https://www.tensorflow.org/api_docs/python/tf/strided_slice */
function stridedSlice(call: Call): Value {
  const { options, builder } = call;
  const value = input(call, 0);
  const [beginMask, endMask, ellipsis, newAxes, shrink] = [0, 1, 2, 3, 4].map(
    (field) => options?.int32(field) ?? 0,
  );
  if (ellipsis || newAxes)
    throw new RangeError('Expected neither an ellipsis nor new axes but received some');
  const [begins, ends, strides] = [integersOf(call, 1), integersOf(call, 2), integersOf(call, 3)];
  const bounds = value.shape.map((size, axis) => {
    const length = size === 'N' ? 1 : size;
    const step = strides[axis] ?? 1;
    const masked = (mask: number | undefined) => ((mask ?? 0) & (1 << axis)) !== 0;
    // Before the first element only what goes backwards may end.
    const clamp = (index: number) => {
      const from0 = index < 0 ? index + length : index;
      return step > 0 ? Math.min(Math.max(from0, 0), length) : Math.min(Math.max(from0, -1), length - 1);
    };
    const begin = masked(beginMask) ? (step > 0 ? 0 : length - 1) : clamp(begins[axis] ?? 0);
    if (masked(shrink)) return { begin, end: begin + 1, step: 1 };
    const end = masked(endMask) ? (step > 0 ? length : -1) : clamp(ends[axis] ?? length);
    return { begin, end, step };
  });
  const cut = slice(
    builder,
    value,
    bounds.map(({ begin }) => begin),
    bounds.map(({ end }) => end),
    bounds.map(({ step }) => step),
  );
  return reshape(builder, cut, output(call).shape);
}

function reverse(call: Call): Value {
  const value = input(call, 0);
  const axes = integersOf(call, 1).map((axis) => axisOf(axis, value.shape.length));
  const sizes = value.shape.map((size) => (size === 'N' ? 1 : size));
  const turned = (forwards: number[], backwards: number[]) =>
    sizes.map((_, axis) => (axes.includes(axis) ? backwards : forwards)[axis] ?? 0);
  const zeros = sizes.map(() => 0);
  return slice(
    call.builder,
    value,
    turned(
      zeros,
      sizes.map((size) => size - 1),
    ),
    turned(
      sizes,
      sizes.map(() => -1),
    ),
    turned(
      sizes.map(() => 1),
      sizes.map(() => -1),
    ),
  );
}

/** Pads are pairs, an axis each: how many before and how many after. */
function padsOf(call: Call): { before: number[]; after: number[] } {
  const pairs = integersOf(call, 1);
  return {
    before: pairs.filter((_, i) => i % 2 === 0),
    after: pairs.filter((_, i) => i % 2 === 1),
  };
}

function padWith(call: Call): Value {
  const { before, after } = padsOf(call);
  const { info } = operand(call, 2);
  const { tensor } = operand(call, 2).value;
  if (tensor === undefined) throw new RangeError(`Expected a constant for ${info.label}`);
  const constant = { ...(meaningOf(info) ? storedBytes(info) : tensor), dims: [] };
  return pad(call.builder, input(call, 0), before, after, { constant });
}

function mirrorPad(call: Call): Value {
  // Symmetric, with the border twice, is none of ONNX's modes in operator set 17.
  if ((call.options?.int8(0) ?? 0) !== 0)
    throw new RangeError('Expected reflected padding but received symmetric');
  const { before, after } = padsOf(call);
  return pad(call.builder, input(call, 0), before, after, { mode: 'reflect' });
}

export const arrangement: Readonly<Record<string, Importer>> = {
  CONCATENATION: concatenation,
  EXPAND_DIMS: toShape,
  GATHER: (call) => {
    if ((call.options?.int32(1) ?? 0) !== 0)
      throw new RangeError('Expected no batch dimensions but received some');
    return gather(call.builder, input(call, 0), input(call, 1), call.options?.int32(0) ?? 0);
  },
  EMBEDDING_LOOKUP: (call) => gather(call.builder, input(call, 1), input(call, 0), 0),
  GATHER_ND: (call) => gatherNd(call.builder, input(call, 0), input(call, 1)),
  MIRROR_PAD: mirrorPad,
  PACK: pack,
  PAD: (call) => {
    const { before, after } = padsOf(call);
    return pad(call.builder, input(call, 0), before, after);
  },
  PADV2: padWith,
  RESHAPE: toShape,
  REVERSE_V2: reverse,
  SHAPE: (call) => {
    const shape = operand(call, 0).info.shape;
    return call.builder.constant({ type: 'int32', dims: [shape.length], data: Int32Array.from(shape) });
  },
  SLICE: sliceBySize,
  SPLIT: splitEvenly,
  SPLIT_V: splitBySizes,
  SQUEEZE: toShape,
  STRIDED_SLICE: stridedSlice,
  TILE: (call) => tile(call.builder, input(call, 0), integersOf(call, 1)),
  TRANSPOSE: (call) => transpose(call.builder, input(call, 0), integersOf(call, 1)),
  UNPACK: unpack,
};
