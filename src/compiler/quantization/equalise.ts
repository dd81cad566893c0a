import type { Graph, Node } from '../graph.ts';
import { consumers, intAttribute } from '../graph.ts';
import type { Tensor, TypedTensor } from '../tensor.ts';
import { type NoRole, type Role, roleOf } from './roles.ts';

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
  for (const { first, second, limit } of convolutionPairs(graph)) {
    const values = magnitudes.get(second.inputs[0] ?? '');
    const [w1, b1, w2] = [first.inputs[1], first.inputs[2], second.inputs[1]].map((name = '') =>
      float(initializers.get(name)),
    );
    if (values === undefined || w1 === undefined || w2 === undefined) continue;
    const factors = factorsOf(values, inputMagnitudes(second, w2), limit);
    if (factors.every((factor) => factor === 1)) continue;
    changed = true;
    initializers.set(first.inputs[1] ?? '', scaleOutputs(w1, factors));
    if (b1) initializers.set(first.inputs[2] ?? '', scaleOutputs(b1, factors));
    initializers.set(second.inputs[1] ?? '', scaleInputs(second, w2, factors));
  }
  return changed ? { ...graph, initializers } : graph;
}

interface Pair {
  readonly first: Node;
  readonly second: Node;
  /** No magnitude between them may grow beyond it, since it would be clipped. */
  readonly limit: number;
}

/** Convolutions of which the second alone reads the first, through nothing but what scales along. */
function convolutionPairs(graph: Graph): Pair[] {
  const readers = consumers(graph);
  const outputs = new Set(graph.outputs.map(({ name }) => name));
  const role = (node: Node) => roleOf(node, graph.initializers);
  // Weights that two nodes share cannot be changed for one of them.
  const alone = (node: Node) => node.inputs.slice(1).every((name) => readers.get(name)?.length === 1);
  const convolutions = graph.nodes.filter(
    (node) => node.op === 'Conv' && role(node).kind === 'weighted' && alone(node),
  );
  const pairs: Pair[] = [];
  for (const first of convolutions) {
    let limit = Number.POSITIVE_INFINITY;
    let node: Node | undefined = first;
    do {
      const output: string = node.outputs[0] ?? '';
      const found: readonly Node[] = outputs.has(output) ? [] : (readers.get(output) ?? []);
      node = found.length === 1 ? found[0] : undefined;
      if (node) limit = Math.min(limit, limitOf(node, role(node)));
    } while (node && node.op !== 'Conv' && limit > 0);
    if (node && limit > 0 && convolutions.includes(node)) pairs.push({ first, second: node, limit });
  }
  return pairs;
}

/** `f(s x) = s f(x)` for s > 0, channel by channel. */
const homogeneous = new Set(['AveragePool', 'Conv', 'GlobalAveragePool', 'LeakyRelu', 'MaxPool', 'Relu']);

/** A clip from zero scales along as long as nothing reaches its other end; of what was seen, nothing will. */
const room = 0.75;

/** Up to which magnitude a node scales along; zero where it does not. */
function limitOf(node: Node, role: Role | NoRole): number {
  if (homogeneous.has(node.op)) return Number.POSITIVE_INFINITY;
  return role.kind === 'clamp' && role.low === 0 ? role.high * room : 0;
}

/** By what each channel is divided: so that none grows beyond the greatest of today, nor beyond `limit`. */
function factorsOf(magnitudes: Float64Array, weights: Float64Array | undefined, limit: number): Float64Array {
  const raw = magnitudes.map((magnitude, channel) => {
    const weight = weights?.[channel] ?? magnitude;
    if (magnitude === 0 || weight === 0) return 0;
    return weights === undefined ? magnitude : Math.sqrt(magnitude / weight);
  });
  const greatest = Math.max(...magnitudes);
  const reach = Math.max(...magnitudes.map((magnitude, i) => (raw[i] ? magnitude / (raw[i] ?? 1) : 0)));
  return raw.map((factor, i) => {
    if (factor === 0) return 1;
    const wish = powerOfTwo((factor * reach) / greatest);
    // What is clipped has to be clipped where it was: no channel may grow into it.
    const least = 2 ** Math.ceil(Math.log2((magnitudes[i] ?? 0) / limit));
    return least > 1 ? 1 : Math.max(wish, least);
  });
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
