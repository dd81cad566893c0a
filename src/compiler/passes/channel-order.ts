import { type Graph, intAttribute, type Node } from '../graph.ts';
import { infer } from '../shapes/infer.ts';
import { affineOf } from './affine.ts';
import { floats, freshNames, integers, makers, readCounts } from './rewrite.ts';
import { removeUnused } from './unused.ts';
import { reweighted, weightedOf } from './weighted.ts';

/**
 * A `Gather` that puts the channels of a picture in another order, as RGB to BGR, becomes an order of the
 * weights of the convolutions that read it. On its way it passes what scales and shifts channels.
 */
export function foldChannelOrder(graph: Graph): Graph {
  const sunk = sinkOrders(graph);
  const made = makers(sunk);
  const fresh = freshNames(sunk);
  const initializers = new Map(sunk.initializers);
  const nodes = sunk.nodes.map((node) => {
    const gather = node.op === 'Conv' ? made.get(node.inputs[0] ?? '') : undefined;
    const order = gather && orderOf(sunk, gather);
    const weighted = order && weightedOf(sunk, node);
    if (!gather || !order || !weighted || weighted.inputs !== order.length || !oneGroup(node)) return node;
    const { weights } = weighted;
    const window = weights.data.length / (weighted.outputs * weighted.inputs);
    const data = new Float32Array(weights.data.length);
    for (const [from, each] of weights.data.entries()) {
      const channel = weighted.inputOf(from);
      data[from + ((order[channel] ?? channel) - channel) * window] = each;
    }
    const changed = reweighted(weighted, fresh, { weights: data });
    for (const [name, tensor] of changed.constants) initializers.set(name, tensor);
    return { ...changed.node, inputs: [gather.inputs[0] ?? '', ...changed.node.inputs.slice(1)] };
  });
  return removeUnused({ ...sunk, nodes, initializers });
}

function oneGroup(node: Node): boolean {
  return intAttribute(node, 'group', 1) === 1;
}

/** Which channel each channel is taken from, if the node takes each of them once. */
function orderOf(graph: Graph, node: Node): readonly number[] | undefined {
  if (node.op !== 'Gather' || node.domain !== '' || intAttribute(node, 'axis', 0) !== 1) return undefined;
  const order = integers(graph, node.inputs[1]);
  return order && new Set(order).size === order.length && Math.max(...order) === order.length - 1
    ? order
    : undefined;
}

/** `gather(x) * a + b` as `gather(x * a' + b')`, until no scale or shift of channels reads a `Gather`. */
function sinkOrders(graph: Graph): Graph {
  const made = makers(graph);
  const counts = readCounts(graph);
  const infos = infer(graph);
  const fresh = freshNames(graph);
  for (const node of graph.nodes) {
    for (const [place, input] of node.inputs.entries()) {
      const gather = made.get(input);
      const order = gather && orderOf(graph, gather);
      if (!gather || !order || counts.get(input) !== 1) continue;
      if (!affineOf(graph, node, { axis: 1, channels: order.length, infos })) continue;
      const [constant, tensor] = reordered(graph, node, place, order, fresh);
      if (constant === undefined) continue;
      const [output = ''] = node.outputs;
      const plain = fresh(`${output}_ordered`);
      const other = node.inputs.with(place, gather.inputs[0] ?? '').with(1 - place, constant);
      const pair = [
        { ...node, inputs: other, outputs: [plain] },
        { ...gather, inputs: [plain, gather.inputs[1] ?? ''], outputs: [output] },
      ];
      const nodes = graph.nodes.flatMap((each) => (each === gather ? [] : each === node ? pair : [each]));
      const initializers = tensor ? new Map(graph.initializers).set(constant, tensor) : graph.initializers;
      return sinkOrders({ ...graph, nodes, initializers });
    }
  }
  return graph;
}

/** The constant of a Mul, Div, Add or Sub for channels that are not in order yet. */
function reordered(
  graph: Graph,
  node: Node,
  place: number,
  order: readonly number[],
  fresh: (wish: string) => string,
) {
  const name = node.inputs[1 - place] ?? '';
  const tensor = node.inputs.length === 2 ? floats(graph, name) : undefined;
  if (tensor === undefined) return [undefined, undefined] as const;
  if (tensor.data.length === 1) return [name, undefined] as const;
  const data = new Float32Array(order.length);
  for (const [to, from] of order.entries()) data[from] = tensor.data[to] ?? 0;
  return [fresh(`${name}_ordered`), { ...tensor, data }] as const;
}
