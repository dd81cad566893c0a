import type { Graph, Node } from '../graph.ts';
import type { Tensor } from '../tensor.ts';

/** The graph with its `Constant` nodes as initializers, whichever way they say their value. */
export function constantNodesToInitializers(graph: Graph): Graph {
  const initializers = new Map(graph.initializers);
  const nodes = graph.nodes.filter((node) => {
    const tensor = node.op === 'Constant' && node.domain === '' ? constantOf(node) : undefined;
    const [output] = node.outputs;
    if (tensor === undefined || output === undefined) return true;
    initializers.set(output, tensor);
    return false;
  });
  return { ...graph, nodes, initializers };
}

function constantOf({ attributes }: Node): Tensor | undefined {
  for (const attribute of Object.values(attributes)) {
    if ('tensor' in attribute) return attribute.tensor;
    if ('float' in attribute) {
      return { type: 'float32', dims: [], data: Float32Array.of(attribute.float) };
    }
    if ('floats' in attribute) {
      return {
        type: 'float32',
        dims: [attribute.floats.length],
        data: Float32Array.from(attribute.floats),
      };
    }
    if ('int' in attribute) {
      return { type: 'int64', dims: [], data: BigInt64Array.of(BigInt(attribute.int)) };
    }
    if ('ints' in attribute) {
      return {
        type: 'int64',
        dims: [attribute.ints.length],
        data: BigInt64Array.from(attribute.ints, BigInt),
      };
    }
  }
  return undefined;
}
