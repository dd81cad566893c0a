import type { Graph, Node, Value } from '../graph.ts';
import { type Infos, infer, inferNode, startingInfos } from '../shapes/infer.ts';
import { multiply, product, type Size } from '../shapes/size.ts';
import { type BatchAxes, batchAxes } from './batch-axes.ts';
import { freshNames } from './rewrite.ts';

/** The free size of the batch. */
const batch = 'N';

/** A graph whose batch is free, or why it cannot be. */
export type FreeBatch = { readonly graph: Graph } | { readonly reason: string };

/**
 * The graph with a batch of any size, if its inputs have a first dimension of 1 that every node passes on: each
 * value then holds the batch along one axis, perhaps as the outer factor of a larger dimension (as where a
 * channel shuffle reshapes it away and back), and no node mixes numbers along it. A literal size in a Reshape
 * is replaced; other ways of fixing the batch are reasons.
 */
export function freeBatch(graph: Graph): FreeBatch {
  if (graph.inputs.length === 0 || !graph.inputs.every(({ shape }) => shape?.[0] === 1)) {
    return { reason: `the first dimension of every input would have to be 1` };
  }
  const inputs = graph.inputs.map((input) => ({ ...input, shape: (input.shape ?? []).with(0, batch) }));
  const fixed = infer(graph);
  const free = startingInfos({ ...graph, inputs });
  const axes: BatchAxes = new Map(inputs.map(({ name }) => [name, 0]));
  const initializers = new Map(graph.initializers);
  const fresh = freshNames(graph);
  const nodes: Node[] = [];
  for (const node of graph.nodes) {
    let next = node;
    if (node.op === 'Reshape' && axes.has(node.inputs[0] ?? '')) {
      const target = freeTarget(node, { fixed, free, axes });
      if (target === undefined) return { reason: because(node, 'it gives the batch no axis of its own') };
      const name = fresh(`${node.outputs[0]}_shape`);
      const data = BigInt64Array.from(target, BigInt);
      initializers.set(name, { type: 'int64', dims: [data.length], data });
      free.set(name, { type: 'int64', shape: [data.length], value: target });
      next = { ...node, inputs: [node.inputs[0] ?? '', name] };
    }
    inferNode(next, free, graph.opsets);
    const found = batchAxes(next, axes, free);
    if ('reason' in found) return { reason: because(node, found.reason) };
    for (const output of node.outputs) {
      if (found.axis === undefined) continue;
      if (!holdsBatch(free.get(output)?.shape, fixed.get(output)?.shape, found.axis)) {
        return { reason: because(node, 'the shape of its result does not follow') };
      }
      axes.set(output, found.axis);
    }
    nodes.push(next);
  }
  const lost = graph.outputs.find(({ name }) => axes.get(name) !== 0 || free.get(name)?.shape?.[0] !== batch);
  if (lost) return { reason: `output ${lost.name} has no row for each of the batch` };
  const outputs = graph.outputs.map((output) => freeOutput(output, free));
  return { graph: { ...graph, inputs, outputs, nodes, initializers } };
}

function because({ op, name, outputs }: Node, why: string): string {
  return `${op} ${name === '' ? (outputs[0] ?? '') : name}: ${why}`;
}

/** Whether the free shape is the fixed one with the batch in `axis`. */
function holdsBatch(
  free: readonly Size[] | undefined,
  fixed: readonly Size[] | undefined,
  axis: number,
): boolean {
  if (free === undefined || fixed === undefined || free.length !== fixed.length) return false;
  return free.every((size, at) => {
    const before = fixed[at] ?? null;
    return at === axis ? before !== null && size === multiply(before, batch) : size === before;
  });
}

function freeOutput(output: Value, free: Infos): Value {
  const shape = free.get(output.name)?.shape;
  return shape === undefined ? output : { ...output, shape };
}

/**
 * The target of a Reshape for a batch of any size: numbers go in rows, so the batch is to stand before the
 * same count of elements as before, in the axis whose outer part begins after the same count.
 */
function freeTarget(
  node: Node,
  { fixed, free, axes }: { fixed: Infos; free: Infos; axes: BatchAxes },
): number[] | undefined {
  const [data = ''] = node.inputs;
  const before = free.get(data)?.shape;
  const after = fixed.get(node.outputs[0] ?? '')?.shape;
  const axis = axes.get(data);
  if (before === undefined || after === undefined || axis === undefined) return undefined;
  const outer = product(before.slice(0, axis));
  const places = after.flatMap((_, at) => (product(after.slice(0, at)) === outer ? [at] : []));
  // A literal 1 is the batch if there is one, and the last of several axes is what the batch multiplies else.
  const place = places.find((at) => after[at] === 1) ?? places.at(-1);
  if (place === undefined) return undefined;
  const sizes = after.map((size, at): Size => {
    const same = at === axis && place === axis && before[at] === batch && after[at] === 1;
    return at === place ? (same ? 0 : -1) : size;
  });
  const open = sizes.flatMap((size, at) => (typeof size === 'number' ? [] : [at]));
  if (open.length > 1 || (open.length === 1 && sizes.includes(-1))) return undefined;
  return sizes.map((size) => (typeof size === 'number' ? size : -1));
}
