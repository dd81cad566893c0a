import { type Graph, intAttribute, type Node } from '../graph.ts';
import { infer } from '../shapes/infer.ts';
import type { Info } from '../shapes/info.ts';
import type { Size } from '../shapes/size.ts';
import { tensorTypes } from '../tensor.ts';
import { floats, has, integers, makers, readCounts, renameValues } from './rewrite.ts';

/** The graph without nodes that give what they take: Identity, Dropout, and others that do nothing here. */
export function removeIdentities(graph: Graph): Graph {
  const infos = infer(graph);
  const made = makers(graph);
  const counts = readCounts(graph);
  const outputs = new Set(graph.outputs.map(({ name }) => name));
  /** Old name to new name. */
  const names = new Map<string, string>();
  const latest = (name: string): string => {
    let now = name;
    for (let next = names.get(now); next !== undefined; next = names.get(now)) now = next;
    return now;
  };
  const nodes = graph.nodes.filter((node) => {
    const [output = ''] = node.outputs;
    if (node.domain !== '' || !isIdentity(graph, node, infos) || restIsRead(node, counts)) return true;
    const input = latest(node.inputs[0] ?? '');
    if (!outputs.has(output)) names.set(output, input);
    // The output keeps its name, so the value before it takes that, if it is not an output itself.
    else if (made.has(input) && !outputs.has(input)) names.set(input, output);
    else return true;
    return false;
  });
  const settled = new Map([...names.keys()].map((name) => [name, latest(name)]));
  return renameValues({ ...graph, nodes }, settled);
}

function restIsRead(node: Node, counts: ReadonlyMap<string, number>): boolean {
  return node.outputs.slice(1).some((name) => counts.has(name));
}

function isIdentity(graph: Graph, node: Node, infos: ReadonlyMap<string, Info>): boolean {
  const before = infos.get(node.inputs[0] ?? '') ?? {};
  const after = infos.get(node.outputs[0] ?? '') ?? {};
  switch (node.op) {
    case 'Identity':
    case 'Dropout':
      return true;
    case 'Concat':
    case 'Sum':
    case 'Mean':
    case 'Max':
    case 'Min':
      return node.inputs.length === 1;
    case 'Cast':
      return before.type !== undefined && tensorTypes[before.type].code === intAttribute(node, 'to', 0);
    case 'Pad':
      return integers(graph, node.inputs[1])?.every((size) => size === 0) ?? false;
    case 'Transpose': {
      const { perm } = node.attributes;
      return perm !== undefined && 'ints' in perm && perm.ints.every((axis, i) => axis === i);
    }
    case 'Reshape':
    case 'Flatten':
    case 'Squeeze':
    case 'Expand':
      return sameShape(before.shape, after.shape);
    case 'AveragePool':
    case 'MaxPool':
      return sameShape(before.shape, after.shape) && oneByOne(node);
    case 'Add':
    case 'Sub':
      return neutral(graph, node, 0) && sameShape(before.shape, after.shape);
    case 'Mul':
    case 'Div':
      return neutral(graph, node, 1) && sameShape(before.shape, after.shape);
    default:
      return false;
  }
}

/** Whether the second input is a constant of nothing but `value`. */
function neutral(graph: Graph, node: Node, value: number): boolean {
  return has(node, 1) && (floats(graph, node.inputs[1])?.data.every((each) => each === value) ?? false);
}

function oneByOne(node: Node): boolean {
  const { kernel_shape: kernel } = node.attributes;
  return kernel !== undefined && 'ints' in kernel && kernel.ints.every((size) => size === 1);
}

function sameShape(a: readonly Size[] | undefined, b: readonly Size[] | undefined): boolean {
  if (a === undefined || b === undefined || a.length !== b.length) return false;
  return a.every((size, axis) => size !== null && size === b[axis]);
}
