import type { Graph, Node } from './graph.ts';
import { writeModel } from './onnx/model.ts';
import { ChannelStatistics } from './quantization/channel-statistics.ts';
import { Histogram } from './quantization/histogram.ts';
import { type RangeMethod, rangeMethods } from './quantization/range-methods.ts';
import { roleOf } from './quantization/roles.ts';
import { openSession } from './runtime.ts';
import type { Tensor } from './tensor.ts';

/** The least and the greatest number that a value took, or that bytes are to cover. */
export interface Range {
  readonly min: number;
  readonly max: number;
}

/** A feed of all inputs of a graph. One may be a batch; more than one bound the memory. */
export type Sample = Readonly<Record<string, Tensor>>;

/** Passes over them may be repeated, so that they need not be in memory. */
export type Samples = Iterable<Sample> | AsyncIterable<Sample>;

/** What the float values of a graph were while it ran on samples. */
export interface Observations {
  readonly histograms: ReadonlyMap<string, Histogram>;
  /** Of the values that products with constant weights read. */
  readonly channels: ReadonlyMap<string, ChannelStatistics>;
}

/**
 * Run the float graph on `samples` and note the range of every float value of it whose numbers are finite:
 * all of it ("min-max calibration") unless another `method` says which part of it bytes should cover.
 */
export async function calibrate(
  graph: Graph,
  samples: Samples,
  method: RangeMethod = 'min-max',
): Promise<Map<string, Range>> {
  return rangesOf(await observe(graph, samples), method);
}

export function rangesOf({ histograms }: Observations, method: RangeMethod): Map<string, Range> {
  const finite = [...histograms].filter(([, histogram]) => histogram.finite);
  return new Map(finite.map(([name, histogram]) => [name, rangeMethods[method](histogram)]));
}

/** Numbers of one value that are counted a sample; its extremes are those of all of them. */
const counted = 2 ** 16;

/** Run the float graph on `samples` and note what bytes would have to hold. Memory is bounded by one sample. */
export async function observe(graph: Graph, samples: Samples, signal?: AbortSignal): Promise<Observations> {
  // Of values inside the graph the runtime knows types and shapes by itself.
  const exposed = { ...graph, outputs: valuesOfInterest(graph).map((name) => ({ name })) };
  const products = graph.nodes.filter((node) => roleOf(node, graph.initializers).kind === 'weighted');
  const axes = new Map(products.map((node) => [node.inputs[0] ?? '', channelAxis(node)]));
  const session = await openSession(writeModel(exposed), { threads: 1 });
  const histograms = new Map<string, Histogram>();
  const channels = new Map<string, ChannelStatistics>();
  try {
    for await (const feeds of samples) {
      signal?.throwIfAborted();
      const values = { ...feeds, ...(await session.run(feeds)) };
      for (const [name, value] of Object.entries(values)) {
        if (value.type !== 'float32' || value.data.length === 0) continue;
        entry(histograms, name, () => new Histogram()).add(value.data, stepOf(value.data.length));
        const axis = axes.get(name);
        if (axis === undefined) continue;
        const size = value.dims.at(axis) ?? 1;
        entry(channels, name, () => new ChannelStatistics(size)).add(value, axis);
      }
    }
  } finally {
    await session.close();
  }
  return { histograms, channels };
}

/** Odd, so that it does not see the same columns of pictures of even widths only. */
function stepOf(length: number): number {
  return Math.floor(length / counted) | 1;
}

/** All but those that are only carried on: they are the same numbers again. */
function valuesOfInterest(graph: Graph): string[] {
  const known = new Set(['', ...graph.inputs.map(({ name }) => name), ...graph.initializers.keys()]);
  const computing = graph.nodes.filter((node) => roleOf(node, graph.initializers).kind !== 'carrier');
  const values = new Set(computing.flatMap((node) => [...node.inputs, ...node.outputs]));
  return [...values].filter((name) => !known.has(name));
}

/** Of the input of a product the dimension that is summed over. */
function channelAxis(node: Node): number {
  return node.op === 'Conv' ? 1 : -1;
}

function entry<T>(map: Map<string, T>, key: string, make: () => T): T {
  const found = map.get(key) ?? make();
  map.set(key, found);
  return found;
}
