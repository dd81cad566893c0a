import type { Sample } from '../calibrate.ts';
import type { Graph } from '../graph.ts';
import { type QuantizeOptions, quantize } from '../quantize.ts';
import { fidelity, type Reference } from './fidelity.ts';
import { planQuantization } from './plan.ts';
import { openRunner } from './runner.ts';
import type { Candidate } from './search.ts';

/** What one layer costs. */
export interface Sensitivity {
  readonly op: string;
  /** The layer's first output. */
  readonly name: string;
  /** Of the worst output, where this layer alone is quantized, dB. */
  readonly sqnrDb: number;
}

/** Names of the products that run in integers. */
function integerLayers(graph: Graph, options: QuantizeOptions): string[] {
  const { roles } = planQuantization(graph, options);
  return [...roles].flatMap(([node, role]) => (role.kind === 'weighted' ? (node.outputs[0] ?? []) : []));
}

/** What each product costs by itself, the most costly first. One session a layer: seconds for a large net. */
export async function sensitivities(
  { graph, options }: Pick<Candidate, 'graph' | 'options'>,
  samples: readonly Sample[],
  reference: Reference,
  onLayer: (done: number, total: number) => void,
): Promise<Sensitivity[]> {
  const layers = integerLayers(graph, options);
  const ops = new Map(graph.nodes.map((node) => [node.outputs[0] ?? '', node.op]));
  const found: Sensitivity[] = [];
  for (const [i, name] of layers.entries()) {
    onLayer(i, layers.length);
    const float = new Set(layers.filter((other) => other !== name));
    const runner = await openRunner(quantize(graph, { ...options, float }), options.inputs);
    try {
      const { leastDb } = await fidelity(runner, samples, reference);
      found.push({ op: ops.get(name) ?? '', name, sqnrDb: leastDb });
    } finally {
      await runner.close();
    }
  }
  return found.toSorted((a, b) => a.sqnrDb - b.sqnrDb);
}
