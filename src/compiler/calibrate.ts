import type { Graph } from './graph.ts';
import { writeModel } from './onnx/model.ts';
import { openSession } from './runtime.ts';
import type { Tensor } from './tensor.ts';

/** The least and the greatest number that a value took. */
export interface Range {
  readonly min: number;
  readonly max: number;
}

/**
 * Run the float graph on `samples`, each a feed of all its inputs, and note the range of every float value
 * of it ("min-max calibration"). One sample may be a batch; more samples than one bound the memory.
 */
export async function calibrate(
  graph: Graph,
  samples: Iterable<Readonly<Record<string, Tensor>>>,
): Promise<Map<string, Range>> {
  const outputs = graph.nodes.flatMap((node) => node.outputs).filter((name) => name !== '');
  // Of values inside the graph the runtime knows types and shapes by itself.
  const exposed = writeModel({ ...graph, outputs: outputs.map((name) => ({ name })) });
  const session = await openSession(exposed, { threads: 1 });
  const ranges = new Map<string, Range>();
  try {
    for (const feeds of samples) {
      const values = { ...feeds, ...(await session.run(feeds)) };
      for (const [name, value] of Object.entries(values)) {
        if (value.type === 'float32') ranges.set(name, widened(ranges.get(name), value.data));
      }
    }
  } finally {
    await session.close();
  }
  return ranges;
}

function widened(range: Range | undefined, data: Float32Array): Range {
  let { min, max } = range ?? { min: Number.POSITIVE_INFINITY, max: Number.NEGATIVE_INFINITY };
  for (const number of data) {
    if (number < min) min = number;
    if (number > max) max = number;
  }
  return { min, max };
}
