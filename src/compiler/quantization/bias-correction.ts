import { intAttribute, type Node } from '../graph.ts';
import type { QuantizedWeights } from '../quantization.ts';
import type { TypedTensor } from '../tensor.ts';
import type { Weighted } from './roles.ts';

/**
 * The bias with which the outputs of a product keep their means although its weights are rounded: what
 * rounding takes away is `(W - Wq) · E[x]`, for inputs of the means `E[x]`. As Nagel et al., "Data-free
 * quantization through weight equalization and bias correction", 2019, with measured means. Borders of
 * padding are passed over.
 */
export function correctedBias(
  node: Node,
  { weights, bias, axis }: Weighted,
  { weights: rounded, scales }: QuantizedWeights,
  means: Float64Array,
): TypedTensor<'float32'> {
  const channels = scales.data.length;
  const groups = node.op === 'Conv' ? intAttribute(node, 'group', 1) : 1;
  const inputs = means.length / groups;
  const outputs = channels / groups;
  const shift = new Float64Array(channels);
  // Conv: [outputs, inputs, ...kernel]; else a matrix with the outputs along `axis`.
  const inner = weights.dims.slice(axis + 1).reduce((all, size) => all * size, 1);
  const kernel = node.op === 'Conv' ? inner / inputs : 1;
  for (const [i, weight] of weights.data.entries()) {
    const output = Math.floor(i / inner) % channels;
    const input = axis === 0 ? Math.floor((i % inner) / kernel) : Math.floor(i / channels);
    const lost = weight - (rounded.data[i] ?? 0) * (scales.data[output] ?? 0);
    const mean = means[Math.floor(output / outputs) * inputs + input] ?? 0;
    shift[output] = (shift[output] ?? 0) + lost * mean;
  }
  const data = Float32Array.from(shift, (each, channel) => (bias?.data[channel] ?? 0) + each);
  return { type: 'float32', dims: [channels], data };
}
