import { failed } from './json.ts';

/** Output `index` of the node `node`. */
export interface Source {
  readonly node: string;
  readonly index: number;
}

/** Something that reads others. */
export interface Reader {
  readonly name: string;
  readonly inputs: readonly Source[];
}

/**
 * The nodes that `outputs` need, each after those that it reads. `visit` may refuse one before it is known
 * what it reads.
 * @throws COMPILE_FAILED if one is missing, or reads itself on a way around.
 */
export function inOrder<T extends Reader>(
  nodes: ReadonlyMap<string, T>,
  outputs: readonly Source[],
  visit: (node: T) => void = () => {},
): T[] {
  const ordered: T[] = [];
  const state = new Map<string, 'open' | 'done'>();
  // A stack of our own: a net of a hundred thousand nodes in a row would overflow that of the language.
  const stack = outputs.map((source) => ({ name: source.node, reader: 'the outputs' })).reverse();
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    const { name, reader } = top;
    const node = nodes.get(name);
    if (node === undefined) throw failed(`a node ${name}`, reader, 'none of that name');
    if (state.get(name) === undefined) {
      visit(node);
      state.set(name, 'open');
      for (const { node: read } of node.inputs.toReversed()) {
        if (state.get(read) === 'open') throw failed('no cycle', `node ${name}`, `one with ${read}`);
        if (state.get(read) === undefined) stack.push({ name: read, reader: `node ${name}` });
      }
      continue;
    }
    stack.pop();
    if (state.get(name) === 'done') continue;
    state.set(name, 'done');
    ordered.push(node);
  }
  return ordered;
}
