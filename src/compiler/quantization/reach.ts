import type { Range } from '../calibrate.ts';
import { consumers, type Graph, type Node } from '../graph.ts';
import { roleOf } from './roles.ts';

/** Beyond it a sigmoid is within 0.0005 of its end, and `x · sigmoid(x)` within 0.004 of zero. */
const sigmoidReach = 7.5;

/**
 * Of values that only saturating functions read the part of their range beyond which nothing changes, or next
 * to nothing: bytes need not tell apart what comes to the same. That is what makes nets of sigmoid-weighted
 * units (SiLU, Swish) precise in bytes, whose inputs reach far below zero for nothing.
 */
export function reachOf(graph: Graph): Map<string, Range> {
  const readers = consumers(graph);
  const outputs = new Set(graph.outputs.map(({ name }) => name));
  const reach = new Map<string, Range>();
  for (const [value, nodes] of readers) {
    if (outputs.has(value)) continue;
    const ranges = nodes.map((node) => readerReach(graph, value, node, nodes));
    if (ranges.some((range) => range === undefined)) continue;
    const [min, max] = [
      Math.min(...ranges.map((range) => range?.min ?? 0)),
      Math.max(...ranges.map((range) => range?.max ?? 0)),
    ];
    reach.set(value, { min, max });
  }
  return reach;
}

function readerReach(graph: Graph, value: string, node: Node, others: readonly Node[]): Range | undefined {
  switch (node.op) {
    case 'Sigmoid':
      return { min: -sigmoidReach, max: sigmoidReach };
    case 'HardSwish':
      return { min: -3, max: Number.POSITIVE_INFINITY };
    case 'Mul': {
      const other = node.inputs.find((input) => input !== value);
      const gate = others.find(({ op, outputs }) => op === 'Sigmoid' && outputs[0] === other);
      return gate && { min: -sigmoidReach, max: Number.POSITIVE_INFINITY };
    }
    default: {
      const role = roleOf(node, graph.initializers);
      return role.kind === 'clamp' ? { min: role.low, max: role.high } : undefined;
    }
  }
}
