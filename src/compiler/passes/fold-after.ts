import type { Graph, Node } from '../graph.ts';
import { infer } from '../shapes/infer.ts';
import { type Affine, affineOf } from './affine.ts';
import { freshNames, readCounts } from './rewrite.ts';
import { removeUnused } from './unused.ts';
import { reweighted, type Weighted, weightedOf } from './weighted.ts';

/**
 * Scales and shifts of each channel that follow a convolution or matrix product, as a BatchNormalization does,
 * become part of its weights and bias.
 */
export function foldAffineAfter(graph: Graph): Graph {
  const infos = infer(graph);
  const counts = readCounts(graph);
  const fresh = freshNames(graph);
  const initializers = new Map(graph.initializers);
  const nodes: Node[] = [];
  /** Where in `nodes` the maker of a value stands, of makers that have weights. */
  const places = new Map<string, number>();
  for (const node of graph.nodes) {
    const folded = fold(node);
    if (folded) continue;
    if (weightedOf(graph, node)) places.set(node.outputs[0] ?? '', nodes.length);
    nodes.push(node);
  }
  return removeUnused({ ...graph, nodes, initializers });

  function fold(node: Node): boolean {
    for (const input of node.inputs) {
      const place = places.get(input);
      const maker = place === undefined ? undefined : nodes[place];
      const weighted = maker && weightedOf({ ...graph, initializers }, maker);
      if (place === undefined || weighted === undefined || counts.get(input) !== 1) continue;
      const affine = affineOf(graph, node, { axis: weighted.channelAxis, channels: weighted.outputs, infos });
      const changed = affine && withAffine(weighted, affine, fresh);
      if (affine === undefined || changed === undefined) continue;
      for (const [name, tensor] of changed.constants) initializers.set(name, tensor);
      const [output = ''] = node.outputs;
      nodes[place] = { ...changed.node, outputs: [output] };
      places.set(output, place);
      return true;
    }
    return false;
  }
}

function withAffine(weighted: Weighted, { scale, shift }: Affine, fresh: (wish: string) => string) {
  const { weights, bias, outputs, outputOf, takesBias } = weighted;
  const shifts = bias !== undefined || shift.some((each) => each !== 0);
  if (shifts && !takesBias) return undefined;
  const scaled = scale.some((each) => each !== 1);
  return reweighted(weighted, fresh, {
    ...(scaled && { weights: weights.data.map((each, i) => each * (scale[outputOf(i)] ?? 1)) }),
    bias: shifts
      ? Float32Array.from({ length: outputs }, (_, i) => (bias?.[i] ?? 0) * (scale[i] ?? 1) + (shift[i] ?? 0))
      : undefined,
  });
}
