import { expect } from 'vitest';
import type { Numbers } from '../../../bench/compiler/litert.ts';
import { type OperatorSpec, type TensorSpec, writeTflite } from '../../../src/compiler/tflite/write.ts';
import { openBoth, relativeDifference, shareWithin } from './compare.ts';
import { bytes, floats, integers } from './numbers.ts';

/** A net of one operator: its inputs and constants, its output. */
export interface Case {
  readonly op: string;
  readonly options?: OperatorSpec['options'];
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  /** Numbers of the inputs of type float32, if not from -3 to 3. */
  readonly from?: readonly [least: number, greatest: number];
}

function fileOf({ op, options, inputs, outputs }: Case): Uint8Array {
  const tensors = [...inputs, ...outputs];
  const spec = {
    op,
    inputs: inputs.map((_, i) => i),
    outputs: outputs.map((_, i) => inputs.length + i),
    ...(options && { options }),
  };
  return writeTflite({
    tensors,
    operators: [spec],
    inputs: spec.inputs.filter((i) => inputs[i]?.data === undefined),
    outputs: spec.outputs,
  });
}

function feedsOf({ inputs, from }: Case): Numbers[] {
  return inputs
    .filter(({ data }) => data === undefined)
    .map(({ shape, type = 'float32' }, i) => {
      const count = shape.reduce((product, size) => product * size, 1);
      if (type === 'float32') return floats(count, i + 1, ...(from ?? [-3, 3]));
      if (type === 'int32') return integers(count, i + 1, ...(from ?? [0, 3]));
      return bytes(type === 'int8' ? 'int8' : 'uint8', count, i + 1);
    });
}

export const f = (...shape: number[]): TensorSpec => ({ shape });
export const i32 = (...shape: number[]): TensorSpec => ({ shape, type: 'int32' });
const bool = (...shape: number[]): TensorSpec => ({ shape, type: 'bool' });
export const constant = (...values: number[]): TensorSpec => ({
  shape: [values.length],
  type: 'int32',
  data: Int32Array.from(values),
});
export const scalar = (value: number): TensorSpec => ({
  shape: [],
  type: 'int32',
  data: Int32Array.of(value),
});
export const weights = (shape: number[], seed = 5): TensorSpec => ({
  shape,
  data: floats(
    shape.reduce((product, size) => product * size, 1),
    seed,
    -1,
    1,
  ),
});
export const picture = f(1, 6, 5, 4);

export const unary = (op: string, from?: Case['from'], options?: Case['options']): Case => ({
  op,
  inputs: [picture],
  outputs: [picture],
  ...(from && { from }),
  ...(options && { options }),
});
export const binary = (op: string, options?: Case['options'], other: TensorSpec = picture): Case => ({
  op,
  inputs: [picture, other],
  outputs: [picture],
  from: [0.5, 3],
  ...(options && { options }),
});
export const compared = (op: string, union: number): Case => ({
  op,
  inputs: [i32(2, 9), i32(2, 9)],
  outputs: [bool(2, 9)],
  options: [union],
});

/** Runs both on random numbers: floats have to agree to a part in a hundred thousand, bytes to a step. */
export async function agree(each: Case): Promise<void> {
  const both = await openBoth(fileOf(each));
  const outputs = await both.run(feedsOf(each));
  await both.close();
  expect(outputs).toHaveLength(each.outputs.length);
  for (const output of outputs) {
    expect(output.ours).toHaveLength(output.theirs.length);
    if (output.step === undefined) expect(relativeDifference(output)).toBeLessThan(1e-5);
    else expect(shareWithin(output, 1)).toBe(1);
  }
}

/** With the operator's name and a number, for the title of a test. */
export function titled(cases: readonly Case[]): readonly (readonly [string, Case])[] {
  return cases.map((each, i) => [`${each.op} ${i}`, each]);
}
