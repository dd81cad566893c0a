import type { Graph, Node } from '../graph.ts';
import { elementwise } from './elementwise.ts';
import { type Info, infoOfTensor, type Rule } from './info.ts';
import { movement } from './movement.ts';
import { products } from './products.ts';
import { spatial } from './spatial.ts';

const rules: Readonly<Record<string, Rule>> = { ...elementwise, ...spatial, ...movement, ...products };

/** What is known of each value, to be filled by `inferNode` node by node. */
export type Infos = Map<string, Info>;

/**
 * Types and shapes of all values of a graph whose nodes are in order, and the numbers of those that are small
 * and follow from shapes. Nothing is known of what an operator without a rule gives; what the file itself
 * declares of the outputs is not believed.
 * @throws COMPILE_FAILED where shapes do not fit the operator that reads them.
 */
export function infer(graph: Graph): Infos {
  const infos = startingInfos(graph);
  for (const node of graph.nodes) inferNode(node, infos, graph.opsets);
  return infos;
}

/** What the inputs and the constants of a graph are. */
export function startingInfos(graph: Graph): Infos {
  const infos: Infos = new Map();
  for (const { name, type, shape } of graph.inputs) infos.set(name, { type, shape });
  for (const [name, tensor] of graph.initializers) infos.set(name, infoOfTensor(tensor));
  return infos;
}

/** Adds to `infos` what is known of the outputs of `node`. */
export function inferNode(node: Node, infos: Infos, opsets: Graph['opsets']): void {
  // The runtime's own operators have other meanings under the same names.
  const rule = node.domain === '' && Object.hasOwn(rules, node.op) ? rules[node.op] : undefined;
  const inputs = node.inputs.map((name) => infos.get(name) ?? {});
  const result = rule?.({ node, inputs, opset: opsets[node.domain] ?? 17 }) ?? [];
  const outputs = Array.isArray(result) ? (result as readonly Info[]) : [result as Info];
  for (const [i, name] of node.outputs.entries()) {
    if (name !== '') infos.set(name, outputs[i] ?? {});
  }
}
