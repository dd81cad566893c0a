import type { Range } from '../calibrate.ts';
import type { Graph, Node } from '../graph.ts';
import { Groups } from './groups.ts';
import type { Choice, PlanOptions } from './plan.ts';
import { reachOf } from './reach.ts';
import { padding } from './roles.ts';

/** Bits that the narrowest part of a Concat may lose so that it needs no conversion. */
const concatBits = 2;

/** What the bytes of each value mean: one meaning along the nodes that only carry them. */
export function meanings(choice: Choice, { inputs, ranges }: PlanOptions): Groups {
  const { graph, roles, clamps } = choice;
  const absorbed = new Set(clamps.values());
  const groups = new Groups();
  const reach = reachOf(graph);
  const add = (value: string) => {
    const range = ranges.get(value);
    if (range !== undefined) groups.add(value, intersection(range, reach.get(value)));
  };
  for (const { name } of graph.inputs) add(name);
  for (const [name, parameters] of Object.entries(inputs)) groups.fix(name, parameters);
  for (const node of graph.nodes) {
    if (absorbed.has(node)) continue;
    const role = roles.get(node);
    const [output = ''] = node.outputs;
    if (role === undefined) node.outputs.forEach(add);
    else if (role.kind === 'rescale') {
      groups.scale(output, dataInput(graph.initializers, node.inputs), role.factor);
    } else if (role.kind === 'carrier' || role.kind === 'clamp') carried(groups, graph, node);
    else if (role.kind === 'concat' && groups.agree(node.inputs, concatBits)) {
      for (const input of node.inputs) groups.join(input, output);
    } else add(endOf(node, clamps));
  }
  return groups;
}

function carried(groups: Groups, { initializers }: Graph, node: Node): void {
  const [input = ''] = node.inputs;
  for (const output of node.outputs) groups.join(output, input);
  const around = node.op === 'Pad' ? padding(node, initializers) : undefined;
  if (around !== undefined && Number.isFinite(around)) groups.hold(input, around);
}

/** The value in which the bytes of `node` end. */
export function endOf(node: Node, clamps: ReadonlyMap<Node, Node>): string {
  return (clamps.get(node) ?? node).outputs[0] ?? '';
}

/** Of the two factors of a rescale the one that is no constant. */
export function dataInput(constants: Graph['initializers'], inputs: readonly string[]): string {
  return inputs.find((input) => !constants.has(input)) ?? '';
}

function intersection(range: Range, reach: Range | undefined): Range {
  if (reach === undefined) return range;
  return { min: Math.max(range.min, reach.min), max: Math.min(range.max, reach.max) };
}
