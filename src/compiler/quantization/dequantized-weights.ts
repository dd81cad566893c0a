import type { Node } from '../graph.ts';
import { type QuantizedWeights, quantizeWeights } from '../quantization.ts';
import type { Bytes } from '../quantize-values.ts';
import { correctedBias } from './bias-correction.ts';
import type { Rewriting } from './rewrite.ts';
import type { Weighted } from './roles.ts';

/** Weights and bias as floats out of integers, in the form that the runtime recognises. */
export function dequantizedWeights(
  rewriting: Rewriting,
  node: Node,
  weighted: Weighted,
  input: Bytes,
): string[] {
  const { builder } = rewriting;
  const { axis } = weighted;
  const { weights, scales, bias, biasScales } = integers(rewriting, node, weighted, input.scale);
  const [, weightsName = '', biasName = ''] = node.inputs;
  const zeros = { type: 'int8', dims: scales.dims, data: new Int8Array(scales.data.length) } as const;
  const dequantized = builder.add(
    'DequantizeLinear',
    [
      builder.constant(`${weightsName}_int8`, weights),
      builder.constant(`${weightsName}_scale`, scales),
      builder.constant(`${weightsName}_zero`, zeros),
    ],
    { attributes: { axis: { int: axis } } },
  );
  if (bias === undefined) return [dequantized];
  const name = biasName || `${weightsName}_bias`;
  const constants = [builder.constant(`${name}_int32`, bias), builder.constant(`${name}_scale`, biasScales)];
  return [dequantized, builder.add('DequantizeLinear', constants, { attributes: { axis: { int: 0 } } })];
}

function integers(
  { weightRange, means }: Rewriting,
  node: Node,
  weighted: Weighted,
  inputScale: number,
): QuantizedWeights {
  const options = { ...weighted, inputScale, range: weightRange };
  const quantized = quantizeWeights(options);
  const mean = means.get(node.inputs[0] ?? '');
  // A MatMul has no place for a bias.
  if (mean === undefined || node.op === 'MatMul') return quantized;
  return quantizeWeights({ ...options, bias: correctedBias(node, weighted, quantized, mean) });
}
