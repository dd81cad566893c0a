import { type Attribute, type Graph, intAttribute, type Node } from '../graph.ts';
import { ints, text } from '../shapes/info.ts';
import { floats, has, integers, makers } from './rewrite.ts';
import { removeUnused } from './unused.ts';

/** A `Pad` with zeros before a convolution or an average becomes padding of its own; likewise for the rest. */
export function foldPads(graph: Graph): Graph {
  const made = makers(graph);
  const nodes = graph.nodes.map((node) => {
    const pad = made.get(node.inputs[0] ?? '');
    if (pad === undefined || pad.op !== 'Pad' || node.domain !== '') return node;
    return folded(graph, pad, node, made) ?? node;
  });
  return removeUnused({ ...graph, nodes });
}

function folded(graph: Graph, pad: Node, node: Node, made: ReadonlyMap<string, Node>): Node | undefined {
  const automatic = text(node, 'auto_pad', 'NOTSET');
  const added = integers(graph, pad.inputs[1]);
  if (text(pad, 'mode', 'constant') !== 'constant' || added === undefined || added.length < 6)
    return undefined;
  if (automatic !== 'NOTSET' && automatic !== 'VALID') return undefined;
  const rank = added.length / 2;
  const outer = [added[0], added[1], added[rank], added[rank + 1]];
  if (outer.some((size) => size !== 0) || added.some((size) => size < 0)) return undefined;
  const extra = [...added.slice(2, rank), ...added.slice(rank + 2)];
  const own = automatic === 'VALID' ? undefined : ints(node, 'pads');
  const pads = extra.map((size, i) => size + (own?.[i] ?? 0));
  const neutral = neutralToMax(graph, made.get(pad.inputs[0] ?? ''), padValue(graph, pad));
  const others = poolAttributes(node, own, pads, padValue(graph, pad), neutral);
  if (others === undefined) return undefined;
  const { auto_pad: _, ...attributes } = node.attributes;
  return {
    ...node,
    inputs: [pad.inputs[0] ?? '', ...node.inputs.slice(1)],
    attributes: { ...attributes, ...others, pads: { ints: pads } },
  };
}

function padValue(graph: Graph, pad: Node): number | undefined {
  return has(pad, 2) ? floats(graph, pad.inputs[2])?.data[0] : 0;
}

/** What has to change besides the pads, or `undefined` where the operator pads with something else. */
function poolAttributes(
  node: Node,
  own: readonly number[] | undefined,
  pads: readonly number[],
  value: number | undefined,
  neutral: boolean,
): Record<string, Attribute> | undefined {
  switch (node.op) {
    case 'Conv':
      return value === 0 ? {} : undefined;
    case 'MaxPool':
      return neutral && fits(node, pads) && node.outputs.length === 1 ? {} : undefined;
    case 'AveragePool': {
      // Numbers of the Pad count in the average, as those of the pool's own padding do only if it says so.
      const counts =
        own?.some((size) => size !== 0) !== true || intAttribute(node, 'count_include_pad', 0) !== 0;
      const exact = intAttribute(node, 'ceil_mode', 0) === 0;
      return value === 0 && counts && exact && fits(node, pads)
        ? { count_include_pad: { int: 1 } }
        : undefined;
    }
    default:
      return undefined;
  }
}

/** Whether padding with `value` never changes a maximum: nothing that `maker` makes is less. */
function neutralToMax(graph: Graph, maker: Node | undefined, value: number | undefined): boolean {
  if (value === undefined || value > 0 || maker === undefined) return value === Number.NEGATIVE_INFINITY;
  if (maker.op === 'Relu' || maker.op === 'Sigmoid') return true;
  return maker.op === 'Clip' && (floats(graph, maker.inputs[1])?.data[0] ?? -1) >= 0;
}

/** A pool may not be padded by as much as its window. */
function fits(node: Node, pads: readonly number[]): boolean {
  const kernel = ints(node, 'kernel_shape') ?? [];
  return pads.every((size, i) => size < (kernel[i % kernel.length] ?? 0));
}
