import type { Graph, Node } from '../graph.ts';
import { ints } from '../shapes/info.ts';
import type { Tensor, TypedTensor } from '../tensor.ts';

/** Picture (NHWC bytes) -> Transpose -> DequantizeLinear -> Conv -> perhaps a clamp -> QuantizeLinear. */
export interface Layer {
  readonly picture: string;
  readonly source: Node;
  readonly conv: Node;
  readonly clamp: Node | undefined;
  readonly quantize: Node;
  readonly weights: Stored;
  readonly bias: Stored | undefined;
}

/** A constant behind a DequantizeLinear. */
export interface Stored {
  readonly node: Node;
  readonly tensor: TypedTensor<'int8'> | TypedTensor<'int32'>;
  /** Its scale and zero point. */
  readonly meaning: readonly Tensor[];
}

export function layerOf(
  graph: Graph,
  conv: Node,
  made: ReadonlyMap<string, Node>,
  only: (name: string) => Node | undefined,
): Layer | undefined {
  const source = made.get(conv.inputs[0] ?? '');
  const transpose = made.get(source?.inputs[0] ?? '');
  const picture = transpose?.inputs[0];
  if (source?.op !== 'DequantizeLinear' || transpose?.op !== 'Transpose' || picture === undefined) {
    return undefined;
  }
  if (`${ints(transpose, 'perm')}` !== '0,3,1,2') return undefined;
  const weights = stored(graph, made.get(conv.inputs[1] ?? ''));
  const bias = stored(graph, made.get(conv.inputs[2] ?? ''));
  const symmetric = weights?.meaning[1]?.data.every((zero: number | bigint) => Number(zero) === 0) ?? true;
  if (weights?.tensor.type !== 'int8' || !symmetric || (conv.inputs[2] && !bias)) return undefined;
  const next = only(conv.outputs[0] ?? '');
  const clamp = next?.op === 'Relu' || next?.op === 'Clip' ? next : undefined;
  const quantize = clamp ? only(clamp.outputs[0] ?? '') : next;
  if (quantize?.op !== 'QuantizeLinear') return undefined;
  const whole = [source, quantize].every(
    ({ inputs }) => graph.initializers.get(inputs[1] ?? '')?.data.length === 1,
  );
  if (!whole) return undefined;
  return { picture, source, conv, clamp, quantize, weights, bias };
}

function stored(graph: Graph, node: Node | undefined): Stored | undefined {
  if (node?.op !== 'DequantizeLinear') return undefined;
  const [tensor, ...meaning] = node.inputs.map((name) => graph.initializers.get(name));
  if (tensor?.type !== 'int8' && tensor?.type !== 'int32') return undefined;
  return { node, tensor, meaning: meaning.filter((each) => each !== undefined) };
}
