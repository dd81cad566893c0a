import { floatAttribute, type Graph, intAttribute, type Node } from '../graph.ts';
import type { Tensor, TypedTensor } from '../tensor.ts';

/** How the runtime can compute a node on bytes. */
export type Role =
  /** A product with constant weights, in int8. */
  | Weighted
  /** Numbers are moved or chosen: bytes go through with their meaning unchanged. */
  | { readonly kind: 'carrier' }
  /** A product with one positive number: the bytes stay, their scale changes, and there is nothing to run. */
  | { readonly kind: 'rescale'; readonly factor: number }
  /** Into [low, high]: left out where the bytes end there by themselves. */
  | Clamp
  /** The runtime has an integer operator from quantized inputs to a quantized output. */
  | { readonly kind: 'computed' }
  /** A `carrier` of many inputs where they share one meaning, else `computed`. */
  | { readonly kind: 'concat' }
  | { readonly kind: 'hardSwish' };

export interface Weighted {
  readonly kind: 'weighted';
  readonly weights: TypedTensor<'float32'>;
  readonly bias: TypedTensor<'float32'> | undefined;
  /** Of the output channels among the dimensions of the weights. */
  readonly axis: number;
}

export interface Clamp {
  readonly kind: 'clamp';
  readonly low: number;
  readonly high: number;
}

/** Why a node has no role. */
export interface NoRole {
  readonly kind: 'none';
  readonly why: string;
}

const carriers = new Set([
  'Expand',
  'Flatten',
  'Gather',
  'Identity',
  'Reshape',
  'Slice',
  'Split',
  'Squeeze',
  'Tile',
  'Transpose',
  'Unsqueeze',
]);

/** As of the runtime's operators QLinearAdd, QLinearSigmoid, and so on. */
const computed = new Set([
  'Add',
  'AveragePool',
  'GlobalAveragePool',
  'LeakyRelu',
  'Mul',
  'Sigmoid',
  'Softmax',
]);

export function roleOf(node: Node, constants: Graph['initializers']): Role | NoRole {
  if (node.domain !== '') return none('is no operator of ONNX');
  if (carriers.has(node.op)) return { kind: 'carrier' };
  switch (node.op) {
    case 'Conv':
    case 'Gemm':
    case 'MatMul':
      return weighted(node, constants);
    case 'Relu':
      return { kind: 'clamp', low: 0, high: Number.POSITIVE_INFINITY };
    case 'Clip':
      return clip(node, constants);
    case 'Concat':
      return { kind: 'concat' };
    case 'HardSwish':
      return { kind: 'hardSwish' };
    case 'MaxPool':
      return node.outputs.length === 1 ? { kind: 'carrier' } : none('also gives indices');
    case 'Pad':
      return padding(node, constants) === undefined
        ? none('pads with a number not known')
        : { kind: 'carrier' };
    case 'Resize':
      return stringAttribute(node, 'mode', 'nearest') === 'nearest'
        ? { kind: 'carrier' }
        : none('interpolates, for which the runtime has no integers that round');
    default:
      return pointwise(node, constants);
  }
}

/** The number that a Pad puts around, `undefined` where the graph computes it. */
export function padding(node: Node, constants: Graph['initializers']): number | undefined {
  const name = node.inputs[2] ?? '';
  if (name === '' || stringAttribute(node, 'mode', 'constant') !== 'constant') return 0;
  return scalar(constants.get(name));
}

function pointwise(node: Node, constants: Graph['initializers']): Role | NoRole {
  if (!computed.has(node.op)) return none('has no integer operator in the runtime');
  if (node.op !== 'Mul') return { kind: 'computed' };
  const [factor] = node.inputs.flatMap((name) => scalar(constants.get(name)) ?? []);
  // More dimensions than the other factor has would change the shape.
  const alone = node.inputs.some((name) => (constants.get(name)?.dims.length ?? 2) <= 1);
  return factor !== undefined && factor > 0 && alone ? { kind: 'rescale', factor } : { kind: 'computed' };
}

function weighted(node: Node, constants: Graph['initializers']): Weighted | NoRole {
  const axis = outputAxis(node);
  if (axis === undefined) return none('does more than multiply and add');
  const float = (name: string) => {
    const tensor = constants.get(name);
    return tensor?.type === 'float32' ? tensor : undefined;
  };
  const [, weightsName = '', biasName = ''] = node.inputs;
  const weights = float(weightsName);
  const bias = float(biasName);
  if (weights === undefined) return none('multiplies by weights that are not constant');
  if (node.op !== 'Conv' && weights.dims.length !== 2)
    return none('multiplies by weights of more than a matrix');
  if (biasName !== '' && bias?.dims.length !== 1)
    return none('adds a bias that is not constant, or not one a channel');
  if (weights.data.some((each) => !Number.isFinite(each))) return none('has weights that are not finite');
  return { kind: 'weighted', weights, bias, axis };
}

/** `undefined` for a Gemm that does more than multiply and add. */
function outputAxis(node: Node): number | undefined {
  if (node.op === 'MatMul') return 1;
  if (node.op === 'Conv') return 0;
  const plain =
    intAttribute(node, 'transA', 0) === 0 &&
    floatAttribute(node, 'alpha', 1) === 1 &&
    floatAttribute(node, 'beta', 1) === 1;
  if (!plain) return undefined;
  return intAttribute(node, 'transB', 0) === 0 ? 1 : 0;
}

function clip(node: Node, constants: Graph['initializers']): Role | NoRole {
  const [, lowName = '', highName = ''] = node.inputs;
  const low = lowName === '' ? Number.NEGATIVE_INFINITY : scalar(constants.get(lowName));
  const high = highName === '' ? Number.POSITIVE_INFINITY : scalar(constants.get(highName));
  if (low === undefined || high === undefined) return none('clips at numbers that are not constant');
  return low <= 0 && high > 0 ? { kind: 'clamp', low, high } : none('clips away zero');
}

function scalar(tensor: Tensor | undefined): number | undefined {
  return tensor?.type === 'float32' && tensor.data.length === 1 ? tensor.data[0] : undefined;
}

function stringAttribute(node: Node, name: string, fallback: string): string {
  const attribute = node.attributes[name];
  return attribute !== undefined && 'string' in attribute ? attribute.string : fallback;
}

function none(why: string): NoRole {
  return { kind: 'none', why };
}
