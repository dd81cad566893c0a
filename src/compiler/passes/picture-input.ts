import { GatewayError } from '../../errors.ts';
import type { Graph, Node, Value } from '../graph.ts';
import type { Tensor } from '../tensor.ts';
import { freshNames, makeNode, renameValues } from './rewrite.ts';

/** What the net was trained on: `real = (byte * scale - mean) / std`. */
export interface Preprocessing {
  /** Default 1. */
  readonly scale?: number;
  /** One number, or one a channel in the order of the net. Default 0. */
  readonly mean?: number | readonly number[];
  /** Likewise. Default 1. */
  readonly std?: number | readonly number[];
  /** The order of the net's channels. Default `rgb`, or `grey` where there is one. */
  readonly colour?: 'rgb' | 'bgr' | 'grey';
  /** Of the net's input. Default: where a dimension of 1 or 3 stands. */
  readonly layout?: 'nchw' | 'nhwc';
}

/** The input of a graph that takes pictures. */
export interface PictureValue {
  readonly name: string;
  readonly layout: 'nchw' | 'nhwc';
  readonly channels: 1 | 3;
  /** Absent where any size will do. */
  readonly height?: number;
  readonly width?: number;
}

/** The first input that looks like a picture: four dimensions, one or three channels. */
export function pictureInput(
  graph: Pick<Graph, 'inputs'>,
  layout?: Preprocessing['layout'],
): PictureValue | undefined {
  for (const { name, shape } of graph.inputs) {
    if (shape?.length !== 4) continue;
    for (const each of layout ? [layout] : (['nchw', 'nhwc'] as const)) {
      const [, a, b, c] = shape;
      const [channels, height, width] = each === 'nchw' ? [a, b, c] : [c, a, b];
      if (channels !== 1 && channels !== 3) continue;
      const known = typeof height === 'number' && typeof width === 'number';
      return { name, layout: each, channels, ...(known && { height, width }) };
    }
  }
  return undefined;
}

/**
 * The graph with an input of `[N, height, width, channels]`, still floats but of the numbers that bytes have, in
 * the order RGB, and what was done to them outside done by nodes that other passes then make part of the first
 * layer.
 * @throws COMPILE_FAILED if numbers a channel are given and there are other channels.
 */
export function takePicture(graph: Graph, picture: PictureValue, preprocessing: Preprocessing): Graph {
  const { name, channels } = picture;
  const colour = preprocessing.colour ?? (channels === 1 ? 'grey' : 'rgb');
  if ((colour === 'grey') !== (channels === 1)) {
    throw unfit(channels === 1 ? 'grey' : 'rgb or bgr', 'colour', colour);
  }
  const mean = perChannel('mean', preprocessing.mean ?? 0, channels);
  const std = perChannel('std', preprocessing.std ?? 1, channels);
  const scale = mean.map((_, i) => (preprocessing.scale ?? 1) / (std[i] ?? 1));
  const shift = mean.map((each, i) => -each / (std[i] ?? 1));
  const fresh = freshNames(graph);
  const initializers = new Map(graph.initializers);
  const constant = (wish: string, tensor: Tensor) => {
    const unique = fresh(wish);
    initializers.set(unique, tensor);
    return unique;
  };
  const nodes: Node[] = [];
  const add = (op: string, inputs: string[], attributes = {}) => {
    const output = fresh(`${name}_${op.toLowerCase()}`);
    nodes.push(makeNode(op, inputs, [output], attributes));
    return output;
  };
  let value = add('Transpose', [name], { perm: { ints: [0, 3, 1, 2] } });
  if (colour === 'bgr') {
    const order = constant(`${name}_order`, { type: 'int64', dims: [3], data: BigInt64Array.of(2n, 1n, 0n) });
    value = add('Gather', [value, order], { axis: { int: 1 } });
  }
  if (scale.some((each) => each !== 1))
    value = add('Mul', [value, constant(`${name}_scale`, channelTensor(scale))]);
  if (shift.some((each) => each !== 0))
    value = add('Add', [value, constant(`${name}_shift`, channelTensor(shift))]);
  if (picture.layout === 'nhwc') value = add('Transpose', [value], { perm: { ints: [0, 2, 3, 1] } });
  const inner = renameValues(graph, new Map([[name, value]]));
  const inputs = graph.inputs.map((input) => (input.name === name ? channelsLast(input, picture) : input));
  return { ...inner, inputs, nodes: [...nodes, ...inner.nodes], initializers };
}

function channelsLast(input: Value, { layout }: PictureValue): Value {
  const [batch = null, channels = null, height = null, width = null] = input.shape ?? [];
  return layout === 'nhwc' ? input : { ...input, shape: [batch, height, width, channels] };
}

/** One number where that says it all: a quantized graph has nothing to compute for it then. */
function channelTensor(numbers: readonly number[]): Tensor {
  const [first = 0] = numbers;
  if (numbers.every((each) => each === first)) {
    return { type: 'float32', dims: [], data: Float32Array.of(first) };
  }
  return { type: 'float32', dims: [numbers.length, 1, 1], data: Float32Array.from(numbers) };
}

function perChannel(what: string, given: number | readonly number[], channels: number): number[] {
  const list = typeof given === 'number' ? new Array<number>(channels).fill(given) : [...given];
  if (list.length === 1) return new Array<number>(channels).fill(list[0] ?? 0);
  if (list.length !== channels) throw unfit(`1 or ${channels} numbers`, what, `${list.length}`);
  return list;
}

function unfit(expected: string, what: string, received: string): GatewayError {
  return new GatewayError('COMPILE_FAILED', `Expected ${expected} for ${what} but received ${received}`);
}
