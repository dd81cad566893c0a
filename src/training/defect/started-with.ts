import type { Graph } from '../../compiler/graph.ts';
import { GraphBuilder } from '../../compiler/graph-builder.ts';

/** A builder with all of a graph in it, and with these names kept free. */
export function startedWith(
  { nodes, initializers, inputs }: Graph,
  free: readonly string[] = [],
): GraphBuilder {
  const builder = new GraphBuilder([
    ...free,
    ...nodes.flatMap(({ name, outputs }) => [name, ...outputs]),
    ...inputs.map(({ name }) => name),
  ]);
  for (const [name, tensor] of initializers) builder.constant(name, tensor);
  for (const node of nodes) builder.push(node);
  return builder;
}
