import { floatAttribute, type Graph, type Node } from '../graph.ts';
import type { Info } from '../shapes/info.ts';
import type { TypedTensor } from '../tensor.ts';
import { floats } from './rewrite.ts';

/** `y = x * scale + shift`, a number for each channel. */
export interface Affine {
  /** The value that is scaled and shifted. */
  readonly input: string;
  readonly scale: Float64Array;
  readonly shift: Float64Array;
}

/**
 * What a node does to each of `channels` channels along `axis` of its data, if it is no more than that:
 * Mul, Div, Add, Sub with a constant, or a BatchNormalization.
 */
export function affineOf(
  graph: Graph,
  node: Node,
  { axis, channels, infos }: { axis: 1 | -1; channels: number; infos: ReadonlyMap<string, Info> },
): Affine | undefined {
  if (node.domain !== '') return undefined;
  if (node.op === 'BatchNormalization') return axis === 1 ? normalization(graph, node, channels) : undefined;
  const operation = operations[node.op];
  if (operation === undefined) return undefined;
  const [left = '', right = ''] = node.inputs;
  const constantFirst = floats(graph, left) !== undefined;
  if (constantFirst && node.op === 'Div') return undefined;
  const input = constantFirst ? right : left;
  const constant = floats(graph, constantFirst ? left : right);
  const rank = infos.get(input)?.shape?.length;
  if (constant === undefined || rank === undefined) return undefined;
  const numbers = perChannel(constant, rank, axis < 0 ? axis + rank : axis, channels);
  if (numbers === undefined) return undefined;
  const { scale, shift } = operation(numbers, constantFirst);
  return { input, scale, shift };
}

type Operation = (numbers: Float64Array, constantFirst: boolean) => Omit<Affine, 'input'>;

const operations: Readonly<Record<string, Operation>> = {
  Mul: (numbers) => ({ scale: numbers, shift: numbers.map(() => 0) }),
  Div: (numbers) => ({ scale: numbers.map((each) => 1 / each), shift: numbers.map(() => 0) }),
  Add: (numbers) => ({ scale: numbers.map(() => 1), shift: numbers }),
  Sub: (numbers, constantFirst) => ({
    scale: numbers.map(() => (constantFirst ? -1 : 1)),
    shift: constantFirst ? numbers : numbers.map((each) => -each),
  }),
};

/** The constant as one number a channel, if it is the same everywhere else and does not widen what it meets. */
function perChannel(
  { dims, data }: TypedTensor<'float32'>,
  rank: number,
  axis: number,
  channels: number,
): Float64Array | undefined {
  if (dims.length > rank) return undefined;
  const offset = rank - dims.length;
  for (const [at, size] of dims.entries()) {
    if (size !== 1 && (at + offset !== axis || size !== channels)) return undefined;
  }
  return Float64Array.from({ length: channels }, (_, i) => data[data.length === 1 ? 0 : i] ?? 0);
}

function normalization(graph: Graph, node: Node, channels: number): Affine | undefined {
  const [input = '', ...rest] = node.inputs;
  const [gamma, beta, mean, variance] = rest.map((name) => floats(graph, name)?.data);
  if (!gamma || !beta || !mean || !variance || gamma.length !== channels || node.outputs.length > 1) {
    return undefined;
  }
  const epsilon = floatAttribute(node, 'epsilon', 1e-5);
  const scale = Float64Array.from(gamma, (each, i) => each / Math.sqrt((variance[i] ?? 0) + epsilon));
  const shift = scale.map((each, i) => (beta[i] ?? 0) - (mean[i] ?? 0) * each);
  return { input, scale, shift };
}

/** `next` after `first`. */
export function after(first: Affine, next: Omit<Affine, 'input'>): Affine {
  return {
    input: first.input,
    scale: first.scale.map((each, i) => each * (next.scale[i] ?? 1)),
    shift: first.shift.map((each, i) => each * (next.scale[i] ?? 1) + (next.shift[i] ?? 0)),
  };
}
