import type { Graph, Node } from '../graph.ts';
import { type Infos, infer } from '../shapes/infer.ts';
import type { Tensor } from '../tensor.ts';
import { type Affine, affineOf, after } from './affine.ts';
import { freshNames, makeNode, makers } from './rewrite.ts';
import { removeUnused } from './unused.ts';
import { reweighted, type Weighted, weightedOf } from './weighted.ts';

/**
 * Scales and shifts of each channel that come before a convolution or matrix product become part of its weights
 * and bias. Zeros around a convolution's input are not shifted, so there a shift stays, as a Sub of the number
 * that means zero: `x * a + b` is `(x + b / a) * a`, and padding with zeros means the same before and after
 * the product.
 */
export function foldAffineBefore(graph: Graph): Graph {
  const infos = infer(graph);
  const made = makers(graph);
  const fresh = freshNames(graph);
  const initializers = new Map(graph.initializers);
  const nodes = graph.nodes.flatMap((node) => {
    const weighted = weightedOf(graph, node);
    const affine = weighted && chainBefore(graph, weighted, { made, infos });
    if (weighted === undefined || affine === undefined) return [node];
    const changed = fold(weighted, affine, infos, fresh);
    for (const [name, tensor] of changed.constants) initializers.set(name, tensor);
    return changed.nodes;
  });
  return removeUnused({ ...graph, nodes, initializers });
}

/** All that is done to the channels of the input one after another, or `undefined` where folding gains nothing. */
function chainBefore(
  graph: Graph,
  weighted: Weighted,
  { made, infos }: { made: ReadonlyMap<string, Node>; infos: Infos },
): Affine | undefined {
  const { node, inputs: channels, channelAxis: axis } = weighted;
  const [input = ''] = node.inputs;
  let chain: Affine | undefined;
  let length = 0;
  for (let maker = made.get(input); maker !== undefined; length++) {
    const affine = affineOf(graph, maker, { axis, channels, infos });
    if (affine === undefined) break;
    chain = chain === undefined ? affine : after(affine, chain);
    maker = made.get(affine.input);
  }
  if (chain === undefined || chain.scale.some((each) => each === 0 || !Number.isFinite(each)))
    return undefined;
  const staysShifted = shiftStays(weighted, chain);
  // A lone shift before padding is already all that can be had.
  return staysShifted && length === 1 && chain.scale.every((each) => each === 1) ? undefined : chain;
}

function shiftStays({ padded, takesBias }: Weighted, { shift }: Affine): boolean {
  return (padded || !takesBias) && shift.some((each) => each !== 0);
}

function fold(
  weighted: Weighted,
  affine: Affine,
  infos: Infos,
  fresh: (wish: string) => string,
): { nodes: Node[]; constants: (readonly [string, Tensor])[] } {
  const { weights, bias, inputOf, outputOf, outputs } = weighted;
  const { scale, shift, input } = affine;
  const stays = shiftStays(weighted, affine);
  const moved = shift.some((each) => each !== 0) && !stays;
  const biases = Float64Array.from({ length: outputs }, (_, i) => bias?.[i] ?? 0);
  if (moved) {
    for (const [i, each] of weights.data.entries()) {
      const output = outputOf(i);
      biases[output] = (biases[output] ?? 0) + each * (shift[inputOf(i)] ?? 0);
    }
  }
  const changed = reweighted(weighted, fresh, {
    weights: weights.data.map((each, i) => each * (scale[inputOf(i)] ?? 1)),
    bias: moved ? Float32Array.from(biases) : undefined,
  });
  const reading = (name: string): Node => ({
    ...changed.node,
    inputs: [name, ...changed.node.inputs.slice(1)],
  });
  if (!stays) return { nodes: [reading(input)], constants: [...changed.constants] };
  const zeros = Float32Array.from(shift, (each, i) => -each / (scale[i] ?? 1));
  const rank = infos.get(input)?.shape?.length ?? 4;
  const axis = weighted.channelAxis < 0 ? rank - 1 : 1;
  const dims = Array.from({ length: rank - axis }, (_, i) => (i === 0 ? zeros.length : 1));
  const [zero, centred] = [fresh(`${input}_zero`), fresh(`${input}_centred`)];
  return {
    nodes: [makeNode('Sub', [input, zero], [centred]), reading(centred)],
    constants: [...changed.constants, [zero, { type: 'float32', dims, data: zeros }]],
  };
}
