import { intAttribute, type Node } from '../graph.ts';
import { ints, text } from '../shapes/info.ts';
import type { Tensor, TypedTensor } from '../tensor.ts';
import type { Layer, Stored } from './picture-layer.ts';

/** The runtime's fast integer convolution reads channels by fours, and gives them by eights, two at least. */
const channelsAtOnce = 4;
const outputsAtOnce = 8;

/** More products than these, as many times as before, would eat up what is won. */
const mostProducts = 4;

/** What becomes of the columns. */
export interface Folding {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly outputs: number;
  /** Old columns in a new one, and output columns in a new one of the output. */
  readonly columns: number;
  readonly copies: number;
  /** Of the kernel. */
  readonly rows: number;
  readonly span: number;
  readonly stride: number;
  readonly left: number;
  /** New columns that a window reads, the first and the last of them seen from the output's column. */
  readonly first: number;
  readonly last: number;
}

export function foldingOf(
  conv: Node,
  { weights }: Layer,
  shape: readonly (number | string | null)[],
): Folding | undefined {
  const [, height, width, channels] = shape;
  const [outputs = 0, depth = 0, rows = 0, span = 0] = weights.tensor.dims;
  const [, stride = 1] = ints(conv, 'strides') ?? [];
  const [, left = 0, , right = 0] = ints(conv, 'pads') ?? [];
  if (typeof height !== 'number' || typeof width !== 'number' || channels !== depth) return undefined;
  const plain =
    intAttribute(conv, 'group', 1) === 1 &&
    text(conv, 'auto_pad', 'NOTSET') === 'NOTSET' &&
    (ints(conv, 'dilations') ?? []).every((dilation) => dilation === 1);
  if (!plain || channels % channelsAtOnce === 0) return undefined;
  const columns = [2, 4].find((each) => (channels * each) % channelsAtOnce === 0 && each % stride === 0);
  if (columns === undefined || width % columns !== 0) return undefined;
  // The output has to have a column for each stride of the picture, or columns would be left over.
  if (Math.floor((width + left + right - span) / stride) + 1 !== width / stride) return undefined;
  const copies = columns / stride;
  if ((copies * outputs) % outputsAtOnce !== 0 || copies * outputs < 2 * outputsAtOnce) return undefined;
  const first = Math.floor(-left / columns);
  const last = Math.floor(((copies - 1) * stride + span - 1 - left) / columns);
  if (((last - first + 1) * columns) / span > mostProducts) return undefined;
  return { height, width, channels, outputs, columns, copies, rows, span, stride, left, first, last };
}

/** `[outputs, channels, rows, span]` to `[copies * outputs, columns * channels, rows, new span]`. */
export function foldedWeights({ data }: Stored['tensor'], folding: Folding): TypedTensor<'int8'> {
  const { outputs, channels, rows, span, columns, copies, stride, left, first, last } = folding;
  const dims = [copies * outputs, columns * channels, rows, last - first + 1];
  const [, depth = 0, , reach = 0] = dims;
  const folded = new Int8Array(copies * outputs * depth * rows * reach);
  for (let from = 0; from < data.length; from++) {
    const column = from % span;
    const row = Math.floor(from / span) % rows;
    const channel = Math.floor(from / (span * rows)) % channels;
    const output = Math.floor(from / (span * rows * channels));
    for (let copy = 0; copy < copies; copy++) {
      const offset = copy * stride + column - left;
      const at = Math.floor(offset / columns);
      const within = (offset - at * columns) * channels + channel;
      const to = (((copy * outputs + output) * depth + within) * rows + row) * reach + at - first;
      folded[to] = data[from] ?? 0;
    }
  }
  return { type: 'int8', dims, data: folded };
}

/** A tensor of one dimension, several times behind each other. */
export function repeat(tensor: Tensor, times: number): Tensor {
  const { length } = tensor.data;
  const copies = { type: tensor.type, dims: [length * times], data: tensor.data.slice(0, 0) };
  switch (tensor.type) {
    case 'float32':
      return { ...copies, type: 'float32', data: repeated(tensor.data, new Float32Array(length * times)) };
    case 'int32':
      return { ...copies, type: 'int32', data: repeated(tensor.data, new Int32Array(length * times)) };
    case 'int8':
      return { ...copies, type: 'int8', data: repeated(tensor.data, new Int8Array(length * times)) };
    default:
      throw new TypeError(`Expected scales, zero points or a bias but received ${tensor.type}`);
  }
}

function repeated<T extends Float32Array | Int32Array | Int8Array>(from: T, to: T): T {
  for (let at = 0; at < to.length; at += from.length) to.set(from, at);
  return to;
}
