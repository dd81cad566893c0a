import { GatewayError } from '../../errors.ts';
import type { Graph, Node } from '../graph.ts';
import { writeModel } from '../onnx/model.ts';
import { openSession } from '../runtime.ts';
import { type Infos, infer } from '../shapes/infer.ts';
import { isKnown } from '../shapes/size.ts';
import { elements, type Tensor } from '../tensor.ts';
import { reads } from './rewrite.ts';
import { removeUnused } from './unused.ts';

/** A constant that would have more elements is left to be made at run time, where it takes no room in the file. */
const mostElements = 2 ** 24;

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
  for (const node of graph.nodes) {
    if (isConstant(node, constant, infos)) {
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

function isConstant(node: Node, constant: ReadonlySet<string>, infos: Infos): boolean {
  if (excluded.has(node.op)) return false;
  const small = node.outputs.every((name) => {
    const shape = infos.get(name)?.shape;
    return name === '' || (isKnown(shape) && elements(shape) <= mostElements);
  });
  return small && reads(node).every((name) => constant.has(name));
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
