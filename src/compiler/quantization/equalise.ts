import type { Graph, Node } from '../graph.ts';
import { consumers, intAttribute } from '../graph.ts';
import type { Tensor, TypedTensor } from '../tensor.ts';
import { roleOf } from './roles.ts';

/** A greater factor would only magnify the noise of a channel that is all but dead. */
const greatestExponent = 6;

/**
 * The same function with channels that are alike in size, or `graph` itself where they are already: between two convolutions each channel is divided by
 * a number that the second multiplies it by, so that one scale serves all of them. Weights have a scale for
 * each output channel anyhow, so what counts is the channels of the activation between (`magnitudes`, as
 * measured) against the input channels of the second's weights, `s = sqrt(magnitude / weight)`; a depthwise
 * second has its own scale for each and leaves the activation all the freedom. After Nagel et al., 2019
 * ("cross-layer equalization") and Xiao et al., "SmoothQuant", 2022.
 */
export function equalise(graph: Graph, magnitudes: ReadonlyMap<string, Float64Array>): Graph {
  const initializers = new Map(graph.initializers);
  let changed = false;
  for (const [first, second] of convolutionPairs(graph)) {
    const values = magnitudes.get(second.inputs[0] ?? '');
    const [w1, b1, w2] = [first.inputs[1], first.inputs[2], second.inputs[1]].map((name = '') =>
      float(initializers.get(name)),
    );
    if (values === undefined || w1 === undefined || w2 === undefined) continue;
    const factors = factorsOf(values, inputMagnitudes(second, w2));
    if (factors.every((factor) => factor === 1)) continue;
    changed = true;
    initializers.set(first.inputs[1] ?? '', scaleOutputs(w1, factors));
    if (b1) initializers.set(first.inputs[2] ?? '', scaleOutputs(b1, factors));
    initializers.set(second.inputs[1] ?? '', scaleInputs(second, w2, factors));
  }
  return changed ? { ...graph, initializers } : graph;
}

/** Convolutions of which the second alone reads the first, through nothing but what scales along. */
function convolutionPairs(graph: Graph): (readonly [Node, Node])[] {
  const readers = consumers(graph);
  const outputs = new Set(graph.outputs.map(({ name }) => name));
  const isConvolution = (node: Node) =>
    node.op === 'Conv' && roleOf(node, graph.initializers).kind === 'weighted';
  // Weights that two nodes share cannot be changed for one of them.
  const alone = (node: Node) => node.inputs.slice(1).every((name) => readers.get(name)?.length === 1);
  const candidates = graph.nodes.filter((node) => isConvolution(node) && alone(node));
  const pairs: (readonly [Node, Node])[] = [];
  for (const first of candidates) {
    let reader: Node | undefined = first;
    do {
      const output: string = reader.outputs[0] ?? '';
      const others: readonly Node[] = outputs.has(output) ? [] : (readers.get(output) ?? []);
      reader = others.length === 1 ? others[0] : undefined;
    } while (reader && homogeneous.has(reader.op) && reader.outputs.length === 1);
    if (reader && candidates.includes(reader)) pairs.push([first, reader]);
  }
  return pairs;
}

/** `f(s x) = s f(x)` for s > 0, channel by channel. */
const homogeneous = new Set(['AveragePool', 'GlobalAveragePool', 'LeakyRelu', 'MaxPool', 'Relu']);

/** By what each channel is divided: so that none grows beyond the greatest of today. */
function factorsOf(magnitudes: Float64Array, weights: Float64Array | undefined): Float64Array {
  const raw = magnitudes.map((magnitude, channel) => {
    const weight = weights?.[channel] ?? magnitude;
    if (magnitude === 0 || weight === 0) return 0;
    return weights === undefined ? magnitude : Math.sqrt(magnitude / weight);
  });
  const greatest = Math.max(...magnitudes);
  const reach = Math.max(...magnitudes.map((magnitude, i) => (raw[i] ? magnitude / (raw[i] ?? 1) : 0)));
  return raw.map((factor) => (factor === 0 ? 1 : powerOfTwo((factor * reach) / greatest)));
}

/** They move no bit of a mantissa: the graph computes exactly what it did. */
function powerOfTwo(factor: number): number {
  return 2 ** Math.min(greatestExponent, Math.max(-greatestExponent, Math.round(Math.log2(factor))));
}

/** The greatest weight on each input channel, `undefined` where each has a scale of its own. */
function inputMagnitudes(node: Node, { dims, data }: TypedTensor<'float32'>): Float64Array | undefined {
  const [outputs = 1, inputs = 1, ...kernel] = dims;
  const groups = intAttribute(node, 'group', 1);
  if (inputs === 1 && groups > 1) return undefined;
  const size = kernel.reduce((all, each) => all * each, 1);
  const magnitudes = new Float64Array(inputs * groups);
  for (const [i, weight] of data.entries()) {
    const channel = inputChannel(i, { outputs, inputs, size, groups });
    magnitudes[channel] = Math.max(magnitudes[channel] ?? 0, Math.abs(weight));
  }
  return magnitudes;
}

interface Layout {
  readonly outputs: number;
  readonly inputs: number;
  readonly size: number;
  readonly groups: number;
}

/** Of the weight at `i` the input channel that it multiplies. */
function inputChannel(i: number, { outputs, inputs, size, groups }: Layout): number {
  const output = Math.floor(i / (inputs * size));
  return Math.floor(output / (outputs / groups)) * inputs + (Math.floor(i / size) % inputs);
}

function scaleOutputs(tensor: TypedTensor<'float32'>, factors: Float64Array): TypedTensor<'float32'> {
  const stride = tensor.data.length / factors.length;
  return { ...tensor, data: tensor.data.map((each, i) => each / (factors[Math.floor(i / stride)] ?? 1)) };
}

function scaleInputs(
  node: Node,
  tensor: TypedTensor<'float32'>,
  factors: Float64Array,
): TypedTensor<'float32'> {
  const [outputs = 1, inputs = 1, ...kernel] = tensor.dims;
  const size = kernel.reduce((all, each) => all * each, 1);
  const layout = { outputs, inputs, size, groups: intAttribute(node, 'group', 1) };
  return {
    ...tensor,
    data: tensor.data.map((each, i) => each * (factors[inputChannel(i, layout)] ?? 1)),
  };
}

function float(tensor: Tensor | undefined): TypedTensor<'float32'> | undefined {
  return tensor?.type === 'float32' ? tensor : undefined;
}
