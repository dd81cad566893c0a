import { GatewayError } from '../../errors.ts';
import type { Body, Node } from '../graph.ts';
import { reads } from './rewrite.ts';

/**
 * The body with every node after the nodes that it reads, nodes that are in order already left as they are.
 * @throws COMPILE_FAILED if nodes wait for each other in a circle, if a value is made twice, or if one is read
 * that nothing makes. `outer`: values that a body may read from the graph around it.
 */
export function ordered<T extends Body>(body: T, outer: ReadonlySet<string> = new Set()): T {
  const known = new Set([...outer, ...body.initializers.keys(), ...body.inputs.map(({ name }) => name)]);
  const makers = new Map<string, Node>();
  for (const node of body.nodes) {
    for (const output of node.outputs) {
      if (output === '') continue;
      if (makers.has(output) || known.has(output)) {
        throw broken('one maker', `value ${output}`, `a second one, ${node.op} ${node.name}`);
      }
      makers.set(output, node);
    }
  }
  for (const { name } of body.outputs) {
    if (!known.has(name) && !makers.has(name)) throw broken('a node that makes', `output ${name}`, 'none');
  }
  const nodes = sorted(body.nodes, makers, known).map((node) => withOrderedBodies(node, makers, known));
  return { ...body, nodes };
}

/** Depth first, with a stack of its own: a chain of nodes may be longer than the stack of calls allows. */
function sorted(
  nodes: readonly Node[],
  makers: ReadonlyMap<string, Node>,
  known: ReadonlySet<string>,
): Node[] {
  const order: Node[] = [];
  const state = new Map<Node, 'open' | 'done'>();
  for (const start of nodes) {
    const stack = [start];
    for (let node = stack.at(-1); node !== undefined; node = stack.at(-1)) {
      if (state.get(node) === 'done') {
        stack.pop();
        continue;
      }
      const waitsFor = unfinished(node, makers, known, state);
      if (waitsFor.length === 0) {
        state.set(node, 'done');
        order.push(node);
        stack.pop();
        continue;
      }
      state.set(node, 'open');
      for (const maker of waitsFor) {
        if (state.get(maker) === 'open') {
          throw broken('no cycle', `the graph at ${maker.op} ${maker.name}`, 'one');
        }
      }
      stack.push(...waitsFor.toReversed());
    }
  }
  return order;
}

function unfinished(
  node: Node,
  makers: ReadonlyMap<string, Node>,
  known: ReadonlySet<string>,
  state: ReadonlyMap<Node, 'open' | 'done'>,
): Node[] {
  const waitsFor: Node[] = [];
  for (const input of reads(node)) {
    const maker = makers.get(input);
    if (maker === undefined) {
      if (!known.has(input)) throw broken('a known value', `${node.op} ${node.name}`, input);
    } else if (state.get(maker) !== 'done') {
      waitsFor.push(maker);
    }
  }
  return waitsFor;
}

function withOrderedBodies(node: Node, makers: ReadonlyMap<string, Node>, known: ReadonlySet<string>): Node {
  if (!Object.values(node.attributes).some((attribute) => 'graph' in attribute)) return node;
  const outer = new Set([...known, ...makers.keys()]);
  const attributes = Object.entries(node.attributes).map(([name, attribute]) => [
    name,
    'graph' in attribute ? { graph: ordered(attribute.graph, outer) } : attribute,
  ]);
  return { ...node, attributes: Object.fromEntries(attributes) };
}

function broken(expected: string, what: string, received: string): GatewayError {
  return new GatewayError('COMPILE_FAILED', `Expected ${expected} for ${what} but received ${received}`);
}
