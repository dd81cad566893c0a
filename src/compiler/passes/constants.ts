import { GatewayError } from '../../errors.ts';
import type { Graph, Node } from '../graph.ts';
import { writeModel } from '../onnx/model.ts';
import { openSession } from '../runtime.ts';
import { type Infos, infer } from '../shapes/infer.ts';
import { isKnown } from '../shapes/size.ts';
import { elements, type Tensor } from '../tensor.ts';
import { reads } from './rewrite.ts';
import { removeUnused } from './unused.ts';

/** Elements of all constants that are made; what would go beyond is left to be made at run time. */
const mostElements = 2 ** 25;

/** They give other numbers each time, or hold the integers of a quantized graph. */
const excluded = new Set([
  ...['Bernoulli', 'Multinomial', 'RandomNormal', 'RandomNormalLike', 'RandomUniform', 'RandomUniformLike'],
  ...['DequantizeLinear', 'If', 'Loop', 'Scan'],
]);

/**
 * The graph with all that depends on constants alone computed, by the runtime itself, so that the numbers are
 * those that it would have computed in every run.
 * @throws COMPILE_FAILED where the runtime cannot compute a part.
 */
export async function foldConstants(graph: Graph): Promise<Graph> {
  const infos = infer(graph);
  const constant = new Set(graph.initializers.keys());
  const folded: Node[] = [];
  const left: Node[] = [];
  let room = mostElements;
  for (const node of graph.nodes) {
    const size = excluded.has(node.op) ? Number.POSITIVE_INFINITY : sizeOf(node, infos);
    if (size <= room && reads(node).every((name) => constant.has(name))) {
      room -= size;
      folded.push(node);
      for (const output of node.outputs) constant.add(output);
    } else {
      left.push(node);
    }
  }
  if (folded.length === 0) return graph;
  const kept = new Set([...left.flatMap(reads), ...graph.outputs.map(({ name }) => name)]);
  const wanted = folded.flatMap((node) => node.outputs).filter((name) => name !== '' && kept.has(name));
  const part = removeUnused({
    ...graph,
    nodes: folded,
    inputs: [],
    outputs: wanted.map((name) => ({ name })),
  });
  const values = wanted.length === 0 ? {} : await evaluate(part);
  const initializers = new Map([...graph.initializers, ...Object.entries(values)]);
  return removeUnused({ ...graph, nodes: left, initializers });
}

/** Elements of all outputs; infinite where they are not known. */
function sizeOf(node: Node, infos: Infos): number {
  let size = 0;
  for (const name of node.outputs) {
    const shape = name === '' ? [] : infos.get(name)?.shape;
    size += isKnown(shape) ? elements(shape) : Number.POSITIVE_INFINITY;
  }
  return size;
}

async function evaluate(part: Graph): Promise<Record<string, Tensor>> {
  try {
    const session = await openSession(writeModel(part), { threads: 1 });
    try {
      return await session.run({});
    } finally {
      await session.close();
    }
  } catch (cause) {
    const names = part.nodes.map(({ op, name }) => `${op} ${name}`).slice(0, 5);
    const text = `Expected constants that can be computed for ${names.join(', ')} but received ${cause}`;
    throw new GatewayError('COMPILE_FAILED', text, { cause });
  }
}
