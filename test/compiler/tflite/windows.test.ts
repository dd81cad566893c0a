import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Field,
  type OperatorSpec,
  type TensorSpec,
  writeTflite,
} from '../../../src/compiler/tflite/write.ts';
import { openBoth, relativeDifference, shareWithin } from './compare.ts';
import { bytes, floats, integers } from './numbers.ts';

/* Convolutions and pools of any geometry, against LiteRT.js. */

const side = fc.integer({ min: 1, max: 9 });
const geometry = fc
  .record({
    height: side,
    width: side,
    kernelHeight: fc.integer({ min: 1, max: 4 }),
    kernelWidth: fc.integer({ min: 1, max: 4 }),
    strideHeight: fc.integer({ min: 1, max: 3 }),
    strideWidth: fc.integer({ min: 1, max: 3 }),
    dilation: fc.integer({ min: 1, max: 2 }),
    same: fc.boolean(),
    channels: fc.integer({ min: 1, max: 9 }),
    outputs: fc.integer({ min: 1, max: 17 }),
    activation: fc.constantFrom(0, 1, 3),
    seed: fc.nat(1000),
  })
  // A dilated window that also strides is one that neither TensorFlow nor Keras makes.
  .map((each) => (each.dilation > 1 ? { ...each, strideHeight: 1, strideWidth: 1 } : each))
  .filter((each) => {
    const [rows, columns] = [each.kernelHeight, each.kernelWidth].map(
      (kernel) => (kernel - 1) * each.dilation + 1,
    );
    return each.same || ((rows ?? 0) <= each.height && (columns ?? 0) <= each.width);
  });

type Geometry = typeof geometry extends fc.Arbitrary<infer T> ? T : never;

function outputSides(each: Geometry, dilation = each.dilation): [number, number] {
  const one = (size: number, kernel: number, stride: number) =>
    Math.ceil((each.same ? size : size - (kernel - 1) * dilation) / stride);
  return [
    one(each.height, each.kernelHeight, each.strideHeight),
    one(each.width, each.kernelWidth, each.strideWidth),
  ];
}

type Type = 'float32' | 'int8' | 'uint8';

const count = (shape: readonly number[]) => shape.reduce((product, size) => product * size, 1);

/** Weights as each type has them: int8 with a scale a channel, uint8 with a zero point. */
function weightsOf(type: Type, shape: readonly number[], axis: number, seed: number): TensorSpec {
  if (type === 'float32') return { shape, data: floats(count(shape), seed, -1, 1) };
  const data = bytes(type, count(shape), seed);
  if (type === 'uint8') return { shape, type, data, scale: 0.008, zeroPoint: 121 };
  const scale = Array.from({ length: shape[axis] ?? 0 }, (_, i) => 0.004 + (i % 5) * 0.001);
  return { shape, type, data, scale, axis };
}

function biasOf(
  type: Type,
  outputs: number,
  source: number,
  { scale = 1 }: TensorSpec,
  seed: number,
): TensorSpec {
  if (type === 'float32') return { shape: [outputs], data: floats(outputs, seed, -1, 1) };
  const scales = [scale].flat().map((each) => each * source);
  return { shape: [outputs], type: 'int32', data: integers(outputs, seed, -2000, 2000), scale: scales };
}

const sourceScale = 0.0235;

function value(type: Type, shape: readonly number[], scale: number, zeroPoint: number): TensorSpec {
  if (type === 'float32') return { shape };
  return { shape, type, scale, zeroPoint: type === 'int8' ? zeroPoint - 128 : zeroPoint };
}

async function agree(
  tensors: readonly TensorSpec[],
  operator: Omit<OperatorSpec, 'inputs' | 'outputs'>,
  type: Type,
  seed: number,
) {
  const last = tensors.length - 1;
  const file = writeTflite({
    tensors,
    operators: [{ ...operator, inputs: tensors.map((_, i) => i).slice(0, last), outputs: [last] }],
    inputs: [0],
    outputs: [last],
  });
  const both = await openBoth(file);
  const size = count(tensors[0]?.shape ?? []);
  const input = type === 'float32' ? floats(size, seed + 1, -2, 2) : bytes(type, size, seed + 1);
  const [output] = await both.run([input]);
  await both.close();
  if (output === undefined) throw new Error('Expected an output');
  if (type === 'float32') expect(relativeDifference(output)).toBeLessThan(1e-5);
  else expect(shareWithin(output, 1)).toBe(1);
}

function convolutionOptions(
  each: Geometry,
  union: number,
  activation: number,
  dilation: number,
): NonNullable<OperatorSpec['options']> {
  const fields: Field[] = [
    [0, 'int8', each.same ? 0 : 1],
    [1, 'int32', each.strideWidth],
    [2, 'int32', each.strideHeight],
    [activation, 'int8', each.activation],
    [dilation, 'int32', each.dilation],
    [dilation + 1, 'int32', each.dilation],
  ];
  return [union, ...fields];
}

describe.each(['float32', 'int8', 'uint8'] as const)('on %s, whatever the geometry,', (type) => {
  it('a convolution is that of TFLite', async () => {
    await fc.assert(
      fc.asyncProperty(geometry, async (each) => {
        const kernel = [each.outputs, each.kernelHeight, each.kernelWidth, each.channels];
        const weights = weightsOf(type, kernel, 0, each.seed);
        const scale = 0.02 * Math.sqrt(count(kernel) / each.outputs);
        const tensors = [
          value(type, [1, each.height, each.width, each.channels], sourceScale, 118),
          weights,
          biasOf(type, each.outputs, sourceScale, weights, each.seed + 2),
          value(type, [1, ...outputSides(each), each.outputs], scale, 90),
        ];
        await agree(tensors, { op: 'CONV_2D', options: convolutionOptions(each, 1, 3, 4) }, type, each.seed);
      }),
      { numRuns: 25 },
    );
  });

  it('a depthwise convolution is that of TFLite', async () => {
    await fc.assert(
      fc.asyncProperty(geometry, fc.integer({ min: 1, max: 2 }), async (each, multiplier) => {
        const outputs = each.channels * multiplier;
        const kernel = [1, each.kernelHeight, each.kernelWidth, outputs];
        const weights = weightsOf(type, kernel, 3, each.seed);
        const scale = 0.02 * Math.sqrt(count(kernel) / outputs);
        const tensors = [
          value(type, [1, each.height, each.width, each.channels], sourceScale, 118),
          weights,
          biasOf(type, outputs, sourceScale, weights, each.seed + 2),
          value(type, [1, ...outputSides(each), outputs], scale, 90),
        ];
        const [union, ...fields] = convolutionOptions(each, 2, 4, 5);
        const options = [union, ...fields, [3, 'int32', multiplier] as const] as const;
        await agree(tensors, { op: 'DEPTHWISE_CONV_2D', options }, type, each.seed);
      }),
      { numRuns: 25 },
    );
  });

  it.each(['AVERAGE_POOL_2D', 'MAX_POOL_2D'])('%s is that of TFLite', async (op) => {
    await fc.assert(
      fc.asyncProperty(geometry, async (each) => {
        fc.pre(each.dilation === 1);
        const tensors = [
          value(type, [1, each.height, each.width, each.channels], sourceScale, 0),
          value(type, [1, ...outputSides(each), each.channels], sourceScale, 0),
        ];
        const options: NonNullable<OperatorSpec['options']> = [
          5,
          [0, 'int8', each.same ? 0 : 1],
          [1, 'int32', each.strideWidth],
          [2, 'int32', each.strideHeight],
          [3, 'int32', each.kernelWidth],
          [4, 'int32', each.kernelHeight],
          [5, 'int8', each.activation],
        ];
        await agree(tensors, { op, options }, type, each.seed);
      }),
      { numRuns: 15 },
    );
  });
});
