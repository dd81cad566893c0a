import type { Graph, Node } from '../graph.ts';
import { infer } from '../shapes/infer.ts';
import { ints } from '../shapes/info.ts';
import type { Tensor } from '../tensor.ts';
import { permuted } from '../transpose.ts';
import { freshNames, makers, readCounts } from './rewrite.ts';
import { removeUnused } from './unused.ts';

/** Operators that work number by number, and so on transposed numbers as well. */
const unary = new Set([
  ...[
    'Abs',
    'Cast',
    'Ceil',
    'Elu',
    'Erf',
    'Exp',
    'Floor',
    'HardSigmoid',
    'HardSwish',
    'LeakyRelu',
    'Log',
    'Neg',
  ],
  ...['Reciprocal', 'Relu', 'Round', 'Sigmoid', 'Softplus', 'Sqrt', 'Tanh', 'Clip'],
]);

const binary = new Set(['Add', 'Div', 'Max', 'Min', 'Mul', 'PRelu', 'Pow', 'Sub']);

/**
 * Transposes move towards the inputs, past all that works number by number, until they meet another one and
 * become one with it, or a picture's bytes, which are four times smaller than floats.
 */
export function raiseTransposes(graph: Graph): Graph {
  let now = graph;
  // Each round moves every transpose at most once, so that names and counts are always right.
  for (let next = raiseOnce(now); next !== now; next = raiseOnce(now)) now = next;
  return now;
}

function raiseOnce(graph: Graph): Graph {
  const made = makers(graph);
  const counts = readCounts(graph);
  const infos = infer(graph);
  const fresh = freshNames(graph);
  const initializers = new Map(graph.initializers);
  const changed = new Map<Node, readonly Node[]>();
  for (const node of graph.nodes) {
    const perm = node.op === 'Transpose' && node.domain === '' ? ints(node, 'perm') : undefined;
    const [input = ''] = node.inputs;
    const maker = made.get(input);
    if (perm === undefined || maker === undefined || changed.has(maker) || maker.domain !== '') continue;
    if (maker.op === 'Transpose') {
      const before = ints(maker, 'perm');
      if (before === undefined) continue;
      const both = perm.map((axis) => before[axis] ?? axis);
      changed.set(node, [{ ...node, inputs: maker.inputs, attributes: { perm: { ints: both } } }]);
    } else if (counts.get(input) === 1 && gains(node)) {
      const swapped = pastElementwise(node, maker, perm);
      if (swapped === undefined) continue;
      changed.set(maker, []);
      changed.set(node, swapped);
    }
  }
  if (changed.size === 0) return graph;
  const nodes = graph.nodes.flatMap((node) => changed.get(node) ?? [node]);
  return removeUnused({ ...graph, nodes, initializers });

  /** Whether the way up ends at another transpose or an input. Elsewhere a move would only part what runs as one. */
  function gains(node: Node): boolean {
    for (let name = node.inputs[0] ?? ''; ; ) {
      const maker = made.get(name);
      if (maker === undefined || maker.op === 'Transpose') return true;
      const at = passable(maker);
      if (at === undefined || counts.get(name) !== 1 || maker.domain !== '') return false;
      name = maker.inputs[at] ?? '';
    }
  }

  function passable(maker: Node): number | undefined {
    if (unary.has(maker.op)) return 0;
    return binary.has(maker.op) ? dataInput(maker) : undefined;
  }

  /** `transpose(f(x))` as `f(transpose(x))` */
  function pastElementwise(node: Node, maker: Node, perm: readonly number[]): Node[] | undefined {
    const at = passable(maker);
    if (at === undefined) return undefined;
    const data = maker.inputs[at] ?? '';
    if (infos.get(data)?.shape?.length !== perm.length) return undefined;
    const raised = fresh(`${data}_transposed`);
    const inputs = maker.inputs.map((name, i) => {
      const tensor = graph.initializers.get(name);
      if (i === at) return raised;
      if (unary.has(maker.op) || tensor === undefined || tensor.data.length === 1) return name;
      const moved = fresh(`${name}_transposed`);
      initializers.set(moved, permutedTo(tensor, perm));
      return moved;
    });
    return [
      { ...node, name: raised, inputs: [data], outputs: [raised] },
      { ...maker, inputs, outputs: node.outputs },
    ];
  }

  /** Which of two inputs is no constant, if the other is one that does not widen it. */
  function dataInput(maker: Node): number | undefined {
    const constant = maker.inputs.findIndex((name) => graph.initializers.has(name));
    if (constant < 0 || maker.inputs.length !== 2) return undefined;
    const data = infos.get(maker.inputs[1 - constant] ?? '')?.shape;
    const whole = infos.get(maker.outputs[0] ?? '')?.shape;
    const same =
      data?.length === whole?.length && data?.every((size, axis) => size !== null && size === whole?.[axis]);
    return same ? 1 - constant : undefined;
  }
}

function permutedTo(tensor: Tensor, perm: readonly number[]): Tensor {
  const dims = [...new Array<number>(perm.length - tensor.dims.length).fill(1), ...tensor.dims];
  return permuted({ ...tensor, dims }, perm);
}
