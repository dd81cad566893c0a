import { elements, type TypedTensor } from '../tensor.ts';
import { permuted } from '../transpose.ts';
import { type Call, input, operand, output } from './call.ts';
import { storedTensor } from './model.ts';
import { meaningOf, type StoredWeights, storedFloats, storedWeights } from './stored.ts';

/** Where a call has its weights, and how they are to lie. */
export interface WeightsAt {
  /** Of the inputs of the call. */
  readonly source: number;
  readonly weights: number;
  readonly bias: number;
  /** From the order of TFLite's dimensions to ONNX's. */
  readonly perm: readonly number[];
  /** Of the output channels among ONNX's dimensions. */
  readonly axis: number;
}

export interface Weights {
  /** Names in the graph, of real numbers. */
  readonly weights: string;
  readonly bias: string | undefined;
  /** Of the weights, in ONNX's order. */
  readonly dims: readonly number[];
}

/**
 * Weights and bias of an operator that multiplies. Where input, weights and output are bytes they are
 * integers behind DequantizeLinear, in the form that the runtime makes one integer operator of; otherwise
 * floats, also where the weights alone are bytes ("dynamic range").
 */
export function weightsOf(call: Call, at: WeightsAt): Weights {
  const source = input(call, at.source);
  const { info } = operand(call, at.weights);
  const stored = storedWeights(info);
  if (stored && source.quantization && meaningOf(output(call))) {
    return integerWeights(call, at, stored, source.quantization.scale);
  }
  const weights = permuted(floats(call, at.weights), at.perm);
  const bias = call.inputs[at.bias] && floats(call, at.bias);
  const { graph } = call.builder;
  return {
    weights: graph.constant('weights', weights),
    bias: bias && graph.constant('bias', { ...bias, dims: [bias.data.length] }),
    dims: weights.dims,
  };
}

/** The constant input as floats. */
function floats(call: Call, index: number): TypedTensor<'float32'> {
  const { value, info } = operand(call, index);
  // What an operator made of a constant has no bytes in the file.
  const tensor = info.data.byteLength > 0 ? storedFloats(info) : value.tensor;
  if (tensor?.type === 'float32') return tensor;
  throw new RangeError(
    `Expected constant numbers for ${info.label} but received ${tensor?.type ?? 'a value'}`,
  );
}

function integerWeights(
  call: Call,
  at: WeightsAt,
  { tensor, quantization }: StoredWeights,
  sourceScale: number,
): Weights {
  const { graph } = call.builder;
  const weights = permuted(tensor, at.perm);
  const channels = weights.dims[at.axis] ?? 1;
  const perChannel = quantization.scales.length > 1;
  if (perChannel && at.perm[at.axis] !== quantization.axis) {
    throw new RangeError(`Expected scales along axis ${at.perm[at.axis]} but received ${quantization.axis}`);
  }
  const dims = perChannel ? [channels] : [];
  const axis = { attributes: { axis: { int: at.axis } } };
  const scales = Float32Array.from(quantization.scales);
  const zeroPoints = Int8Array.from(quantization.zeroPoints);
  const dequantized = graph.add(
    'DequantizeLinear',
    [
      graph.constant('weights', weights),
      graph.constant('weights_scale', { type: 'float32', dims, data: scales }),
      graph.constant('weights_zero', { type: 'int8', dims, data: zeroPoints }),
    ],
    perChannel ? axis : {},
  );
  const bias = call.inputs[at.bias]?.info;
  if (bias === undefined) return { weights: dequantized, bias: undefined, dims: weights.dims };
  const stored = storedTensor(bias);
  if (stored.type !== 'int32' || elements(stored.dims) !== channels) {
    throw new RangeError(`Expected ${channels} int32 for ${bias.label} but received ${stored.type}`);
  }
  // The bias is added to products, whatever scale the file gives it, and the runtime wants to see just that.
  const biasScales = scales.map((scale) => sourceScale * scale);
  const name = graph.add(
    'DequantizeLinear',
    [
      graph.constant('bias', { ...stored, dims: [channels] }),
      graph.constant('bias_scale', { type: 'float32', dims, data: biasScales }),
    ],
    perChannel ? { attributes: { axis: { int: 0 } } } : {},
  );
  return { weights: dequantized, bias: name, dims: weights.dims };
}
