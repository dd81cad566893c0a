import { describe, expect, it } from 'vitest';
import { checkTensors, pictureBatch, tensorBatch } from '../../../src/models/child/inputs.ts';
import type { Pixels } from '../../../src/models/child/resize.ts';
import type { PictureInput } from '../../../src/models/manifest.ts';

const input: PictureInput = {
  kind: 'picture',
  width: 2,
  height: 1,
  colour: 'rgb',
  layout: 'nhwc',
  type: 'uint8',
  resize: 'fill',
};
const pixels: Pixels = {
  data: Uint8Array.of(1, 2, 3, 4, 5, 6),
  width: 2,
  height: 1,
  stride: 3,
  colour: 'rgb',
};
const other: Pixels = { ...pixels, data: Uint8Array.of(7, 8, 9, 10, 11, 12) };

function filled(parts: Partial<PictureInput>) {
  const batch = pictureBatch({ ...input, ...parts }, 3);
  batch.put(pixels, { region: undefined, landmarks: undefined }, 0);
  batch.put(other, { region: undefined, landmarks: undefined }, 1);
  return batch.tensor(2);
}

describe('pictureBatch', () => {
  it('holds pictures one after another as bytes, channels last', () => {
    expect(filled({})).toEqual({
      type: 'uint8',
      data: Uint8Array.from({ length: 12 }, (_, i) => i + 1),
      dims: [2, 1, 2, 3],
    });
  });

  it('puts channels first where the net wants them so', () => {
    const data = Uint8Array.of(1, 4, 2, 5, 3, 6, 7, 10, 8, 11, 9, 12);
    expect(filled({ layout: 'nchw' })).toEqual({ type: 'uint8', data, dims: [2, 3, 1, 2] });
  });

  it('scales to real numbers by channel, in either layout', () => {
    const scaled = { type: 'float32', scale: [1, 10, 100], offset: [0.5, 0, -1] } as const;
    const last = Float32Array.of(1.5, 20, 299, 4.5, 50, 599, 7.5, 80, 899, 10.5, 110, 1199);
    expect(filled(scaled)).toEqual({ type: 'float32', data: last, dims: [2, 1, 2, 3] });
    const first = Float32Array.of(1.5, 4.5, 20, 50, 299, 599, 7.5, 10.5, 80, 110, 899, 1199);
    expect(filled({ ...scaled, layout: 'nchw' })).toEqual({
      type: 'float32',
      data: first,
      dims: [2, 3, 1, 2],
    });
    expect(filled({ type: 'float32', scale: 2, offset: -1 }).data.subarray(0, 3)).toEqual(
      Float32Array.of(1, 3, 5),
    );
  });
});

describe('tensors', () => {
  const declared = { x: { kind: 'tensor', type: 'float32', shape: [2] } } as const;
  const sample = (...numbers: number[]) => ({
    x: { data: Float32Array.from(numbers), shape: [numbers.length] },
  });

  it('are put together to a batch', () => {
    const batch = tensorBatch('x', declared.x, [sample(1, 2), sample(3, 4)]);
    expect(batch).toEqual({ type: 'float32', data: Float32Array.of(1, 2, 3, 4), dims: [2, 2] });
  });

  it('are refused if they are not what the net takes', () => {
    expect(() => checkTensors(declared, sample(1, 2))).not.toThrow();
    const wrong = [
      {},
      sample(1),
      { x: { data: Uint8Array.of(1, 2), shape: [2] } },
      { x: { data: Float32Array.of(1, 2), shape: [1, 2] } },
      { x: { data: Float32Array.of(1), shape: [2] } },
    ];
    for (const each of wrong)
      expect(() => checkTensors(declared, each)).toThrow(/^Expected float32 \[2\] for input x/);
  });
});
