import type { Node } from '../graph.ts';
import { quantizeWeights } from '../quantization.ts';
import type { Bytes } from '../quantize-values.ts';
import type { Rewriting } from './rewrite.ts';
import type { Weighted } from './roles.ts';

/** Weights and bias as floats out of integers, in the form that the runtime recognises. */
export function dequantizedWeights(
  { builder, weightRange }: Rewriting,
  node: Node,
  weighted: Weighted,
  input: Bytes,
): string[] {
  const { axis } = weighted;
  const { weights, scales, bias, biasScales } = quantizeWeights({
    ...weighted,
    inputScale: input.scale,
    range: weightRange,
  });
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
  const constants = [
    builder.constant(`${biasName}_int32`, bias),
    builder.constant(`${biasName}_scale`, biasScales),
  ];
  return [dequantized, builder.add('DequantizeLinear', constants, { attributes: { axis: { int: 0 } } })];
}
