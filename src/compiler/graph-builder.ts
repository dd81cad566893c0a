import type { Attribute, Graph, Node, Value } from './graph.ts';
import type { Tensor } from './tensor.ts';

/** Puts a graph together, node by node in the order of their running. */
export class GraphBuilder {
  readonly #nodes: Node[] = [];
  readonly #initializers = new Map<string, Tensor>();
  readonly #taken: Set<string>;
  readonly #nodeNames = new Set<string>();
  /** Of each wish, the number with which the search for a free name goes on. */
  readonly #counts = new Map<string, number>();
  #bytes = 0;

  /** `taken`: names that new values must not get, as those of the graph that a pass rewrites. */
  constructor(taken: Iterable<string> = []) {
    this.#taken = new Set(taken);
  }

  /** Adds a node of one output and returns its name: `options.output`, or a new one after the operator. */
  add(
    op: string,
    inputs: readonly string[],
    options: { attributes?: Readonly<Record<string, Attribute>>; output?: string } = {},
  ): string {
    const output = options.output ?? this.unique(op.toLowerCase());
    this.push({
      op,
      domain: '',
      name: output,
      inputs,
      outputs: [output],
      attributes: options.attributes ?? {},
    });
    return output;
  }

  /** Adds a node as it is, but for a name that another one has: the runtime takes no two of a name. */
  push(node: Node): void {
    for (const output of node.outputs) this.#taken.add(output);
    let { name } = node;
    while (name !== '' && this.#nodeNames.has(name)) name = this.unique(node.name);
    this.#nodeNames.add(name);
    this.#nodes.push(name === node.name ? node : { ...node, name });
  }

  /** Adds a constant and returns its name, which is `name` or, where that is taken, one like it. */
  constant(name: string, tensor: Tensor): string {
    const unique = this.unique(name);
    this.#initializers.set(unique, tensor);
    this.#bytes += tensor.data.byteLength;
    return unique;
  }

  /** Size of all constants so far: who builds after a file of a stranger can stop in time. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The graph, without the constants that nothing reads. */
  build(parts: {
    name: string;
    opsets: Graph['opsets'];
    inputs: readonly Value[];
    outputs: readonly Value[];
  }): Graph {
    const read = new Set([
      ...this.#nodes.flatMap((node) => node.inputs),
      ...parts.outputs.map(({ name }) => name),
    ]);
    const initializers = new Map([...this.#initializers].filter(([name]) => read.has(name)));
    return { ...parts, nodes: [...this.#nodes], initializers };
  }

  /** A name that no other value has or will get: `wish`, or one like it. */
  unique(wish: string): string {
    let name = wish;
    let count = this.#counts.get(wish) ?? 1;
    while (this.#taken.has(name)) name = `${wish}_${count++}`;
    this.#counts.set(wish, count);
    this.#taken.add(name);
    return name;
  }
}
