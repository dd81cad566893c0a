import { floatAttribute, type Graph, intAttribute, type Node } from '../graph.ts';
import type { Tensor, TypedTensor } from '../tensor.ts';
import { floats, has } from './rewrite.ts';

/** A convolution or matrix product with constant float weights: channels in, channels out, perhaps a bias. */
export interface Weighted {
  readonly node: Node;
  readonly weights: TypedTensor<'float32'>;
  /** One number an output channel; `undefined` where there is none. */
  readonly bias: Float32Array | undefined;
  readonly inputs: number;
  readonly outputs: number;
  /** Channel that the weight at a place of `weights.data` reads, and the one that it adds to. */
  inputOf(index: number): number;
  outputOf(index: number): number;
  /** Of the channels in what it reads and gives: counted from the front in pictures, from the end in rows. */
  readonly channelAxis: 1 | -1;
  /** Whether numbers other than those of the input (zeros around it) are read. */
  readonly padded: boolean;
  /** Whether the operator has an input for a bias. */
  readonly takesBias: boolean;
}

/** `undefined` for other nodes, and for those whose weights or bias are not constants of the usual form. */
export function weightedOf(graph: Graph, node: Node): Weighted | undefined {
  const weights = node.domain === '' ? floats(graph, node.inputs[1]) : undefined;
  if (weights === undefined) return undefined;
  const bias = floats(graph, node.inputs[2]);
  if (has(node, 2) && bias === undefined) return undefined;
  const parts = partsOf(node, weights);
  if (parts === undefined || (bias !== undefined && bias.data.length !== parts.outputs)) return undefined;
  return { node, weights, bias: bias?.data, ...parts };
}

function partsOf(
  node: Node,
  { dims }: TypedTensor<'float32'>,
): Omit<Weighted, 'node' | 'weights' | 'bias'> | undefined {
  const [first = 0, second = 0, ...kernel] = dims;
  const window = kernel.reduce((product, size) => product * size, 1);
  const group = intAttribute(node, 'group', 1);
  const place = (index: number) => Math.floor(index / (second * window));
  const inner = (index: number) => Math.floor(index / window) % second;
  switch (node.op) {
    case 'Conv':
      return {
        inputs: second * group,
        outputs: first,
        inputOf: (index) => Math.floor(place(index) / (first / group)) * second + inner(index),
        outputOf: place,
        channelAxis: 1,
        padded: isPadded(node),
        takesBias: true,
      };
    case 'ConvTranspose':
      return {
        inputs: first,
        outputs: second * group,
        inputOf: place,
        outputOf: (index) => Math.floor(place(index) / (first / group)) * second + inner(index),
        channelAxis: 1,
        // Every output is a sum over the inputs that reach it: a shift of them adds otherwise at the borders.
        padded: true,
        takesBias: true,
      };
    case 'Gemm':
    case 'MatMul': {
      if (dims.length !== 2 || !isPlain(node)) return undefined;
      const transposed = intAttribute(node, 'transB', 0) !== 0;
      return {
        inputs: transposed ? second : first,
        outputs: transposed ? first : second,
        inputOf: transposed ? inner : place,
        outputOf: transposed ? place : inner,
        channelAxis: -1,
        padded: false,
        takesBias: node.op === 'Gemm',
      };
    }
    default:
      return undefined;
  }
}

/** Multiplies and adds, and nothing else. */
function isPlain(node: Node): boolean {
  return (
    intAttribute(node, 'transA', 0) === 0 &&
    floatAttribute(node, 'alpha', 1) === 1 &&
    floatAttribute(node, 'beta', 1) === 1
  );
}

function isPadded({ attributes }: Node): boolean {
  const { auto_pad: automatic, pads } = attributes;
  if (automatic !== undefined && 'string' in automatic && automatic.string.startsWith('SAME')) return true;
  return pads !== undefined && 'ints' in pads && pads.ints.some((size) => size !== 0);
}

/** Other weights and bias for a weighted node: the node that reads them, and the constants that it reads. */
export function reweighted(
  { node, weights }: Weighted,
  fresh: (wish: string) => string,
  changes: { readonly weights?: Float32Array; readonly bias?: Float32Array | undefined },
): { readonly node: Node; readonly constants: readonly (readonly [string, Tensor])[] } {
  const constants: (readonly [string, Tensor])[] = [];
  const inputs = [...node.inputs];
  const put = (index: number, tensor: Tensor, wish: string) => {
    inputs[index] = fresh(wish);
    constants.push([inputs[index] ?? '', tensor]);
  };
  if (changes.weights) put(1, { ...weights, data: changes.weights }, `${node.inputs[1]}_folded`);
  if (changes.bias) {
    const wish = has(node, 2) ? `${node.inputs[2]}_folded` : `${node.outputs[0]}_bias`;
    put(2, { type: 'float32', dims: [changes.bias.length], data: changes.bias }, wish);
  }
  return { node: { ...node, inputs }, constants };
}
