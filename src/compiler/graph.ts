import type { Tensor, TensorType } from './tensor.ts';

/** A net in memory. Graphs are never changed: a pass takes one and returns another. */
export interface Graph extends Body {
  /** Version of each operator set by its domain; `''` is ONNX's own. */
  readonly opsets: Readonly<Record<string, number>>;
}

/** What a graph and the bodies of `If`, `Loop` and `Scan` have in common. */
export interface Body {
  readonly name: string;
  /** Every node after the nodes that it reads. */
  readonly nodes: readonly Node[];
  readonly initializers: ReadonlyMap<string, Tensor>;
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
}

export interface Node {
  readonly op: string;
  /** `''` is ONNX's own. */
  readonly domain: string;
  readonly name: string;
  /** Names of values; `''` where an optional input is left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

/** One of them: ONNX tells the integer 1 and the float 1 apart, and so must we. */
export type Attribute =
  | { readonly int: number }
  | { readonly float: number }
  | { readonly string: string }
  | { readonly ints: readonly number[] }
  | { readonly floats: readonly number[] }
  | { readonly strings: readonly string[] }
  | { readonly tensor: Tensor }
  | { readonly graph: Body };

export interface Value {
  readonly name: string;
  /** Left to the runtime to infer where it is absent. */
  readonly type?: TensorType;
  /** A name where the size is free, as `'N'` for the batch; `null` where nothing is known. */
  readonly shape?: readonly (number | string | null)[];
}

/** The integer attribute `name`, or `fallback`, the operator's default. */
export function intAttribute(node: Node, name: string, fallback: number): number {
  const attribute = node.attributes[name];
  return attribute !== undefined && 'int' in attribute ? attribute.int : fallback;
}

/** The float attribute `name`, or `fallback`, the operator's default. */
export function floatAttribute(node: Node, name: string, fallback: number): number {
  const attribute = node.attributes[name];
  return attribute !== undefined && 'float' in attribute ? attribute.float : fallback;
}

/** Of every value, the nodes that read it. */
export function consumers(graph: Body): Map<string, Node[]> {
  const readers = new Map<string, Node[]>();
  for (const node of graph.nodes) {
    for (const input of new Set(node.inputs)) {
      const found = readers.get(input);
      if (found === undefined) readers.set(input, [node]);
      else found.push(node);
    }
  }
  return readers;
}
