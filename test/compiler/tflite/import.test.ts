import { describe, expect, it } from 'vitest';
import { writeModel } from '../../../src/compiler/onnx/model.ts';
import { openSession } from '../../../src/compiler/runtime.ts';
import { importTflite } from '../../../src/compiler/tflite/import.ts';
import { type OperatorSpec, type TensorSpec, writeTflite } from '../../../src/compiler/tflite/write.ts';
import { openBoth, relativeDifference } from './compare.ts';
import { bytes, floats } from './numbers.ts';

const f = (...shape: number[]): TensorSpec => ({ shape });

function netOf(tensors: readonly TensorSpec[], ...operators: OperatorSpec[]) {
  return writeTflite({ tensors, operators, inputs: [0], outputs: [tensors.length - 1] });
}

async function runOurs(file: Uint8Array, input: Float32Array, dims: readonly number[]) {
  const { graph } = importTflite(file);
  const session = await openSession(writeModel(graph), { threads: 1 });
  const outputs = await session.run({ t0: { type: 'float32', dims, data: input } });
  await session.close();
  return Object.values(outputs)[0];
}

describe('weights', () => {
  const kernel = [4, 3, 3, 3];
  const convolution = (weights: TensorSpec, ...before: OperatorSpec[]) =>
    netOf(
      [f(1, 6, 6, 3), weights, { shape: kernel }, { shape: [4], data: floats(4, 3, -1, 1) }, f(1, 6, 6, 4)],
      ...before,
      {
        op: 'CONV_2D',
        inputs: [0, before.length > 0 ? 2 : 1, 3],
        outputs: [4],
        options: [1, [1, 'int32', 1], [2, 'int32', 1], [4, 'int32', 1], [5, 'int32', 1]],
      },
    );

  it('of float16 are made floats', async () => {
    // 1, -2, 0.5, 0 and the smallest that there is, as IEEE 754 has them.
    const halves = Uint16Array.from({ length: 108 }, (_, i) => [0x3c00, 0xc000, 0x3800, 0, 1][i % 5] ?? 0);
    const file = convolution(
      { shape: kernel, type: 'float16', data: halves },
      { op: 'DEQUANTIZE', inputs: [1], outputs: [2], options: [38] },
    );
    expect(importTflite(file).quantized).toBe(false);
    const both = await openBoth(file);
    for (const output of await both.run([floats(108, 9, -1, 1)]))
      expect(relativeDifference(output)).toBeLessThan(1e-5);
    await both.close();
  });

  it('of int8 under float activations are made floats, as close as eight bits are', async () => {
    const scale = [0.01, 0.02, 0.03, 0.04];
    const file = convolution({ shape: kernel, type: 'int8', data: bytes('int8', 108, 2), scale });
    const { graph, quantized } = importTflite(file);
    expect(quantized).toBe(false);
    expect(graph.nodes.map(({ op }) => op)).not.toContain('DequantizeLinear');
    const both = await openBoth(file);
    // LiteRT rounds the activations to bytes while it runs.
    for (const output of await both.run([floats(108, 9, -1, 1)]))
      expect(relativeDifference(output)).toBeLessThan(0.02);
    await both.close();
  });
});

describe('a picture input', () => {
  it('is moved once, whatever convolutions, pools and sums come after it', () => {
    const options: OperatorSpec['options'] = [
      1,
      [1, 'int32', 1],
      [2, 'int32', 1],
      [4, 'int32', 1],
      [5, 'int32', 1],
    ];
    const weights = { shape: [3, 3, 3, 3], data: floats(81, 1, -1, 1) };
    const file = netOf(
      [
        f(1, 6, 6, 3),
        weights,
        f(1, 6, 6, 3),
        f(1, 6, 6, 3),
        { shape: [3], data: floats(3, 2, -1, 1) },
        f(1, 6, 6, 3),
        f(1, 6, 6, 3),
      ],
      { op: 'CONV_2D', inputs: [0, 1, -1], outputs: [2], options },
      { op: 'ADD', inputs: [2, 0], outputs: [3] },
      { op: 'MUL', inputs: [3, 4], outputs: [5] },
      { op: 'CONV_2D', inputs: [5, 1, -1], outputs: [6], options },
    );
    const moved = importTflite(file).graph.nodes.filter(({ op }) => op === 'Transpose');
    expect(moved.map(({ attributes }) => attributes.perm)).toEqual([
      { ints: [0, 3, 1, 2] },
      { ints: [0, 2, 3, 1] },
    ]);
  });

  it('padded before a convolution is padded by the convolution', async () => {
    const pads = { shape: [4, 2], type: 'int32', data: Int32Array.of(0, 0, 1, 2, 0, 1, 0, 0) } as const;
    const file = netOf(
      [
        f(1, 6, 5, 2),
        pads,
        f(1, 9, 6, 2),
        { shape: [3, 3, 2, 2], data: floats(36, 1, -1, 1) },
        { shape: [3], data: floats(3, 2, -1, 1) },
        f(1, 4, 3, 3),
      ],
      { op: 'PAD', inputs: [0, 1], outputs: [2], options: [22] },
      {
        op: 'CONV_2D',
        inputs: [2, 3, 4],
        outputs: [5],
        options: [1, [0, 'int8', 1], [1, 'int32', 2], [2, 'int32', 2], [4, 'int32', 1], [5, 'int32', 1]],
      },
    );
    expect(importTflite(file).graph.nodes.map(({ op }) => op)).toEqual([
      'Transpose',
      'Conv',
      'Transpose',
      'Identity',
    ]);
    const both = await openBoth(file);
    for (const output of await both.run([floats(60, 9, -1, 1)]))
      expect(relativeDifference(output)).toBeLessThan(1e-5);
    await both.close();
  });
});

describe('the batch', () => {
  it('stays that of the file, with a note, where samples meet', async () => {
    const file = netOf([f(1, 6), { shape: [1], type: 'int32', data: Int32Array.of(0) }, f(6)], {
      op: 'SUM',
      inputs: [0, 1],
      outputs: [2],
      options: [27, [0, 'int8', 0]],
    });
    const { graph, notes } = importTflite(file);
    expect(graph.inputs).toEqual([{ name: 't0', type: 'float32', shape: [1, 6] }]);
    expect(notes).toEqual(['The batch is 1, as in the file: samples are reduced to one']);
    expect((await runOurs(file, Float32Array.of(1, 2, 3, 4, 5, 6), [1, 6]))?.data).toEqual(
      Float32Array.of(1, 2, 3, 4, 5, 6),
    );
  });
});

it("MediaPipe's transposed convolution with a bias is one of TFLite and a sum", async () => {
  const weights = { shape: [5, 3, 3, 4], data: floats(180, 5, -1, 1) };
  const bias = { shape: [5], data: floats(5, 6, -1, 1) };
  const struct = new Uint8Array(Int32Array.of(1, 2, 2).buffer);
  const custom = netOf([f(1, 4, 3, 4), weights, bias, f(1, 8, 6, 5)], {
    op: 'Convolution2DTransposeBias',
    inputs: [0, 1, 2],
    outputs: [3],
    custom: struct,
  });
  const shape = { shape: [4], type: 'int32', data: Int32Array.of(1, 8, 6, 5) } as const;
  const standard = netOf(
    [f(1, 4, 3, 4), weights, bias, shape, f(1, 8, 6, 5), f(1, 8, 6, 5)],
    {
      op: 'TRANSPOSE_CONV',
      inputs: [3, 1, 0],
      outputs: [4],
      options: [49, [1, 'int32', 2], [2, 'int32', 2]],
    },
    { op: 'ADD', inputs: [4, 2], outputs: [5], options: [11] },
  );
  const input = floats(48, 9, -1, 1);
  const both = await openBoth(standard);
  const [expected] = await both.run([input]);
  await both.close();
  const actual = await runOurs(custom, input, [1, 4, 3, 4]);
  for (const [i, value] of (expected?.theirs ?? []).entries()) expect(actual?.data[i]).toBeCloseTo(value, 4);
  expect(actual?.data).toHaveLength(240);
});

describe('what cannot be imported is named', () => {
  it.each([
    [{ op: 'LSTM', inputs: [0], outputs: [1] }, 'LSTM that gives tensor 1 (t1)'],
    [{ op: 'MyOwnOperator', inputs: [0], outputs: [1] }, 'MyOwnOperator that gives tensor 1 (t1)'],
    [{ op: 'RESHAPE', inputs: [0], outputs: [1] }, 'Expected a shape of 6 elements but received [1,5]'],
    [{ op: 'SOFTMAX', inputs: [], outputs: [1] }, 'Expected an input 0 but received none'],
    [{ op: 'RELU', inputs: [0], outputs: [1] }, 'Expected the shape [1,5] but received [N,6]'],
  ])('%#', (operator, text) => {
    const file = netOf([f(1, 6), f(1, 5)], operator);
    expect(() => importTflite(file)).toThrow(
      expect.objectContaining({ code: 'COMPILE_FAILED', message: expect.stringContaining(text) }),
    );
  });

  it('activations of 16 bits', () => {
    const file = netOf([f(1, 6), { shape: [1, 6], type: 'int16', scale: 0.1 }], {
      op: 'QUANTIZE',
      inputs: [0],
      outputs: [1],
      options: [89],
    });
    expect(() => importTflite(file)).toThrow(
      'Expected activations of 8 bits for tensor 1 (t1) but received int16',
    );
  });
});
