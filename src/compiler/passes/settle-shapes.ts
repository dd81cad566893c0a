import type { Graph, Node } from '../graph.ts';
import { type Infos, infer } from '../shapes/infer.ts';
import type { Info } from '../shapes/info.ts';
import type { Size } from '../shapes/size.ts';
import { elements, type Tensor } from '../tensor.ts';
import { freshNames } from './rewrite.ts';
import { removeUnused } from './unused.ts';

/**
 * The graph with its arithmetic on shapes done: numbers that follow from known shapes become constants, and
 * a `Reshape` to sizes of which at most one is free gets them as a constant. What the exporters of dynamic
 * graphs write for "flatten but for the batch" (Shape, Gather, Unsqueeze, Concat) goes.
 */
export function settleShapes(graph: Graph): Graph {
  const infos = infer(graph);
  const initializers = new Map(graph.initializers);
  const fresh = freshNames(graph);
  const nodes: Node[] = [];
  for (const node of graph.nodes) {
    const constants = node.outputs.map((name) => constantOf(infos.get(name)));
    if (node.outputs.length > 0 && constants.every((tensor) => tensor !== undefined)) {
      for (const [i, name] of node.outputs.entries()) {
        const tensor = constants[i];
        if (tensor) initializers.set(name, tensor);
      }
    } else {
      const target = reshapeTarget(graph, node, infos);
      const name = target && fresh(`${node.outputs[0]}_shape`);
      if (target && name) initializers.set(name, int64(target));
      nodes.push(name === undefined ? node : { ...node, inputs: [node.inputs[0] ?? '', name] });
    }
  }
  return removeUnused({ ...graph, nodes, initializers });
}

function constantOf({ type, shape, value }: Info = {}): Tensor | undefined {
  if (value === undefined || shape === undefined || !value.every((each) => typeof each === 'number'))
    return undefined;
  if (!shape.every((size) => typeof size === 'number') || elements(shape as number[]) !== value.length)
    return undefined;
  const dims = shape as readonly number[];
  const numbers = value as readonly number[];
  if (type === 'int64') return { ...int64(numbers), dims };
  if (type === 'int32') return { type, dims, data: Int32Array.from(numbers) };
  return undefined;
}

function int64(numbers: readonly number[]) {
  // "To the end" is the greatest int64, one less than the double that stands for it.
  const data = BigInt64Array.from(numbers, (each) =>
    BigInt.asIntN(64, each >= 2 ** 63 ? 2n ** 63n - 1n : BigInt(each)),
  );
  return { type: 'int64', dims: [numbers.length], data } as const;
}

/** The constant for the second input of a `Reshape` that computes it, where one constant says the same. */
function reshapeTarget(graph: Graph, node: Node, infos: Infos): number[] | undefined {
  const [data = '', shapeName = ''] = node.inputs;
  if (node.op !== 'Reshape' || node.domain !== '' || graph.initializers.has(shapeName)) return undefined;
  const before = infos.get(data)?.shape;
  const after = infos.get(shapeName)?.value;
  if (after === undefined || node.attributes.allowzero !== undefined) return undefined;
  const sizes = after.map((size, axis): Size => (isFree(size) && size === before?.[axis] ? 0 : size));
  const open = sizes.filter((size) => typeof size !== 'number' || size === -1);
  // A size that nothing is known of may be anything; one that has a name is that size, and -1 finds it.
  if (open.length > 1 || open[0] === null) return undefined;
  return sizes.map((size) => (typeof size === 'number' ? size : -1));
}

function isFree(size: Size): boolean {
  return typeof size === 'string';
}
