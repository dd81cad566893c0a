import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Outputs } from '../../../src/models/model.ts';
import { masked, regionsOf } from '../../../src/pipelines/defect/heatmap.ts';
import { judge } from '../../../src/pipelines/defect/judge.ts';

const model = { name: 'm', version: '1.0.0', digest: 'sha256:0' };
const timing = { queueMs: 0, decodeMs: 0, inferMs: 0, batchSize: 1 };
const plain = { areas: [], masks: [], minArea: 0, goodLabels: ['ok'] };
const leftHalf = [
  [0, 0],
  [0.5, 0],
  [0.5, 1],
  [0, 1],
] as const;

function anomaly(rows: readonly (readonly number[])[], score: number): Outputs {
  const data = Float32Array.from(rows.flat());
  const shape = [rows.length, rows[0]?.length ?? 0];
  const tensors = { heatmap: { data, shape }, score: { data: Float32Array.of(score), shape: [1] } };
  return { model, timing, tensors };
}

/** A small defect at the left, a larger one at the right. */
const two = anomaly(
  [
    [0.8, 0.1, 0.1, 0.1],
    [0.1, 0.1, 0.7, 0.9],
    [0.1, 0.1, 0.6, 0.1],
    [0.2, 0.1, 0.1, 0.1],
  ],
  0.95,
);

describe('an anomaly model', () => {
  test('has the score of the model, and its regions hottest first', () => {
    const { score, regions } = judge(two, plain);
    expect(score).toBeCloseTo(0.95);
    expect(regions.map(({ area }) => area)).toEqual([3 / 16, 1 / 16]);
    expect(regions[0]?.box).toEqual({ x: 0.5, y: 0.25, width: 0.5, height: 0.5 });
  });

  test('is judged by what is left where a mask hides a defect', () => {
    const { score, regions } = judge(two, {
      ...plain,
      masks: [
        [
          [0.5, 0],
          [1, 0],
          [1, 1],
          [0.5, 1],
        ],
      ],
    });
    expect(score).toBeCloseTo(0.8);
    expect(regions).toHaveLength(1);
    const { score: clean } = judge(two, {
      ...plain,
      masks: [
        [
          [0, 0],
          [1, 0],
          [1, 1],
          [0, 1],
        ],
      ],
    });
    expect(clean).toBe(0);
  });

  test('counts only what lies in an area', () => {
    expect(judge(two, { ...plain, areas: [leftHalf] }).score).toBeCloseTo(0.8);
  });

  test('forgives defects that are too small', () => {
    expect(judge(two, { ...plain, minArea: 0.1 }).score).toBeCloseTo(0.9);
    const { score, regions } = judge(two, { ...plain, minArea: 0.5 });
    expect(regions).toEqual([]);
    expect(score).toBeLessThan(0.5);
  });
});

test('of a classifier the score is the probability of all that is not good', () => {
  const classes = [
    { label: 'scratch', index: 1, score: 0.7 },
    { label: 'ok', index: 0, score: 0.3 },
  ];
  expect(judge({ model, timing, classes }, plain)).toMatchObject({
    score: 0.7,
    label: 'scratch',
    regions: [],
  });
});

test('of a detector the threshold of the bundle becomes 0.5', () => {
  const box = { x: 0.1, y: 0.1, width: 0.2, height: 0.1 };
  const seen = (score: number): Outputs => ({
    model,
    timing,
    detections: [{ label: 'dent', index: 0, score, box }],
  });
  expect(judge(seen(0.3), plain, 0.3).score).toBeCloseTo(0.5);
  expect(judge(seen(0.15), plain, 0.3)).toMatchObject({ score: 0.25, regions: [] });
  expect(judge(seen(0.9), plain, 0.3).regions).toHaveLength(1);
  expect(judge(seen(0.9), { ...plain, minArea: 0.05 }, 0.3)).toMatchObject({ score: 0, regions: [] });
});

test('a model of another kind is refused', () => {
  expect(() => judge({ model, timing }, plain)).toThrow('heatmap, detections or classes');
});

test('every hot cell is in exactly one region, and none is left out', () => {
  const maps = fc.integer({ min: 1, max: 9 }).chain((width) =>
    fc.array(fc.array(fc.constantFrom(0, 0.4, 0.5, 1), { minLength: width, maxLength: width }), {
      minLength: 1,
      maxLength: 9,
    }),
  );
  fc.assert(
    fc.property(maps, (rows) => {
      const heatmap = {
        width: rows[0]?.length ?? 0,
        height: rows.length,
        data: Float32Array.from(rows.flat()),
      };
      const hot = heatmap.data.filter((value) => value >= 0.5).length;
      const regions = regionsOf(heatmap, 0.5);
      const cells = regions.reduce((sum, { area }) => sum + area * heatmap.data.length, 0);
      expect(cells).toBeCloseTo(hot, 6);
      const whole = [
        [0, 0],
        [1, 0],
        [1, 1],
        [0, 1],
      ] as const;
      expect(regionsOf(masked(heatmap, [], [whole]), 0.5)).toEqual([]);
    }),
  );
});
