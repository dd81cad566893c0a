import { describe, expect, it } from 'vitest';
import type { Outputs } from '../../src/models/model.ts';
import { compareOutputs } from '../../src/models/trial/compare.ts';

const shared = {
  model: { name: 'x', version: '1.0.0', digest: `sha256:${'0'.repeat(64)}` },
  timing: { queueMs: 0, decodeMs: 0, inferMs: 0, batchSize: 1 },
};
const outputs = (parts: Partial<Outputs>): Outputs => ({ ...shared, ...parts });
const classes = (...scores: [string, number][]) =>
  outputs({ classes: scores.map(([label, score], index) => ({ label, index, score })) });
const seen = (label: string, score: number, x = 0.1) => ({
  label,
  index: 0,
  score,
  box: { x, y: 0.1, width: 0.2, height: 0.2 },
});
const numbers = (...data: number[]) =>
  outputs({ tensors: { y: { data: Float32Array.from(data), shape: [data.length] } } });

describe('two versions on one input', () => {
  it('are compared by the best class, whatever its place', () => {
    expect(compareOutputs(classes(['a', 0.9], ['b', 0.1]), classes(['a', 0.8]))).toEqual({
      agree: true,
      drift: expect.closeTo(0.1),
    });
    expect(compareOutputs(classes(['a', 0.6]), classes(['b', 0.7], ['a', 0.3]))).toEqual({
      agree: false,
      drift: expect.closeTo(0.3),
    });
  });

  it('are compared by the things that they are sure to see', () => {
    const both = outputs({ detections: [seen('cat', 0.9), seen('dog', 0.3, 0.6)] });
    expect(compareOutputs(both, outputs({ detections: [seen('cat', 0.8, 0.12)] }))).toEqual({
      agree: true,
      drift: expect.closeTo(0.1),
    });
    for (const other of [[], [seen('dog', 0.9)], [seen('cat', 0.9, 0.5)]]) {
      expect(compareOutputs(both, outputs({ detections: other })).agree).toBe(false);
    }
    const more = outputs({ detections: [seen('cat', 0.9), seen('cat', 0.9, 0.6)] });
    expect(compareOutputs(both, more).agree).toBe(false);
  });

  it('are compared by their embeddings and numbers', () => {
    const embedding = (x: number, y: number) => outputs({ embedding: Float32Array.of(x, y) });
    expect(compareOutputs(embedding(1, 0), embedding(1, 0))).toEqual({ agree: true, drift: 0 });
    expect(compareOutputs(embedding(1, 0), embedding(0, 1))).toEqual({ agree: false, drift: 0.5 });
    expect(compareOutputs(numbers(1, 2), numbers(1, 2.1)).agree).toBe(true);
    expect(compareOutputs(numbers(1, 2), numbers(2, 1)).agree).toBe(false);
    expect(compareOutputs(numbers(1, 2), numbers(1, Number.NaN))).toEqual({ agree: false, drift: 1 });
    expect(compareOutputs(numbers(1, 2), numbers(1))).toEqual({ agree: false, drift: 1 });
  });
});
