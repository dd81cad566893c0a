import type { Attribute, Body, Graph, Node } from '../graph.ts';
import type { TypedTensor } from '../tensor.ts';

/** What a node reads, also through the bodies of its attributes. */
export function reads(node: Node): readonly string[] {
  const inputs = node.inputs.filter((name) => name !== '');
  for (const attribute of Object.values(node.attributes)) {
    if ('graph' in attribute) inputs.push(...captured(attribute.graph));
  }
  return inputs;
}

/** What a body reads from the graph around it. */
function captured(body: Body): string[] {
  const own = new Set([...body.initializers.keys(), ...body.inputs.map(({ name }) => name)]);
  for (const { outputs } of body.nodes) for (const output of outputs) own.add(output);
  const read = [...body.nodes.flatMap(reads), ...body.outputs.map(({ name }) => name)];
  return read.filter((name) => !own.has(name));
}

/** How often each value is read; being an output of the graph counts as once more. */
export function readCounts(graph: Body): Map<string, number> {
  const counts = new Map<string, number>();
  const count = (name: string) => counts.set(name, (counts.get(name) ?? 0) + 1);
  for (const node of graph.nodes) reads(node).forEach(count);
  for (const { name } of graph.outputs) count(name);
  return counts;
}

/** The node that makes each value. */
export function makers(graph: Body): Map<string, Node> {
  return new Map(graph.nodes.flatMap((node) => node.outputs.map((output) => [output, node] as const)));
}

/** The graph with values renamed wherever they are made or read. Inputs and outputs of it keep their names. */
export function renameValues(graph: Graph, names: ReadonlyMap<string, string>): Graph {
  return names.size === 0 ? graph : { ...graph, nodes: graph.nodes.map((node) => renamed(node, names)) };
}

function renamed(node: Node, names: ReadonlyMap<string, string>): Node {
  const rename = (name: string) => names.get(name) ?? name;
  const attributes = Object.entries(node.attributes).map(([key, attribute]): [string, Attribute] => [
    key,
    'graph' in attribute ? { graph: renamedBody(attribute.graph, names) } : attribute,
  ]);
  return {
    ...node,
    inputs: node.inputs.map(rename),
    outputs: node.outputs.map(rename),
    attributes: Object.fromEntries(attributes),
  };
}

function renamedBody(body: Body, names: ReadonlyMap<string, string>): Body {
  return {
    ...body,
    nodes: body.nodes.map((node) => renamed(node, names)),
    outputs: body.outputs.map((output) => ({ ...output, name: names.get(output.name) ?? output.name })),
  };
}

/** A constant of floats. */
export function floats(graph: Body, name: string | undefined): TypedTensor<'float32'> | undefined {
  const tensor = graph.initializers.get(name ?? '');
  return tensor?.type === 'float32' ? tensor : undefined;
}

/** The numbers of a constant of integers. */
export function integers(graph: Body, name: string | undefined): readonly number[] | undefined {
  const tensor = graph.initializers.get(name ?? '');
  return tensor?.type === 'int64' || tensor?.type === 'int32' ? Array.from(tensor.data, Number) : undefined;
}

/** Whether an input of a node is there at all. */
export function has(node: Node, index: number): boolean {
  return (node.inputs[index] ?? '') !== '';
}

/** A name that the graph does not use yet, for a value or a node, like `wish`. */
export function freshNames(graph: Body): (wish: string) => string {
  const taken = new Set([...graph.initializers.keys(), ...graph.inputs.map(({ name }) => name)]);
  for (const { name, outputs } of graph.nodes) for (const each of [name, ...outputs]) taken.add(each);
  return (wish) => {
    let name = wish;
    for (let i = 1; taken.has(name); i++) name = `${wish}_${i}`;
    taken.add(name);
    return name;
  };
}

/** A node of ONNX's own operator set, named after its first output. */
export function makeNode(
  op: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: Readonly<Record<string, Attribute>> = {},
): Node {
  return { op, domain: '', name: outputs[0] ?? '', inputs, outputs, attributes };
}
