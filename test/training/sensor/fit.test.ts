import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ReadingsInput } from '../../../src/models/manifest.ts';
import { seeded } from '../../../src/training/random.ts';
import { errorOf, fitNormal } from '../../../src/training/sensor/fit.ts';
import { apply, ridge } from '../../../src/training/sensor/linear.ts';

const raw = (parts: Partial<ReadingsInput> = {}): ReadingsInput => ({
  kind: 'autoencoder',
  align: 'stream',
  rateHz: 1,
  window: 8,
  stride: 8,
  channels: ['a'],
  mean: [],
  scale: [],
  ...parts,
});
/** A sine of any phase with a little noise. */
const waves = (count: number, length = 8, noise = 0.05) => {
  const random = seeded(3);
  return Array.from({ length: count }, () => {
    const phase = random() * 2 * Math.PI;
    return Float64Array.from({ length }, (_, i) => 10 + Math.sin(phase + i) + noise * (random() - 0.5));
  });
};
const refusal = expect.objectContaining({ code: 'DATASET_INVALID' });

describe('ridge regression', () => {
  it('finds any affine relation that the rows follow', () => {
    const row = fc.array(fc.double({ min: -10, max: 10, noNaN: true }), { minLength: 3, maxLength: 3 });
    const affine = fc.array(row, { minLength: 3, maxLength: 3 });
    fc.assert(
      fc.property(affine, fc.integer(), (weights, seed) => {
        const random = seeded(seed);
        const rows = Array.from({ length: 40 }, () =>
          Float64Array.from({ length: 3 }, () => random() * 4 - 2),
        );
        const answers = rows.map((x) =>
          Float64Array.from(
            weights,
            ([a = 0, b = 0, c = 0], i) => a * (x[0] ?? 0) + b * (x[1] ?? 0) + c * (x[2] ?? 0) + i,
          ),
        );
        const found = ridge(rows, answers, 1e-9);
        for (const [i, x] of rows.entries()) {
          for (const [j, value] of apply(found, x).entries())
            expect(value).toBeCloseTo(answers[i]?.[j] ?? 0, 4);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('refuses more columns than it could solve', () => {
    const rows = [new Float64Array(1025), new Float64Array(1025)];
    expect(() => ridge(rows, rows, 1)).toThrow(refusal);
  });
});

describe('what is normal', () => {
  it('is learned so that what is not stands out', () => {
    const { readings, net, threshold, heldOut } = fitNormal({ readings: raw(), rows: waves(200) });
    expect(readings.mean[0]).toBeCloseTo(10, 1);
    expect(readings.scale[0]).toBeCloseTo(Math.SQRT1_2, 1);
    const over = heldOut.filter((error) => error > threshold).length;
    expect(heldOut).toHaveLength(200);
    expect(over).toBeLessThanOrEqual(2);
    for (const row of waves(20)) expect(errorOf(readings, net, row)).toBeLessThan(1.5 * threshold);
    const square = Float64Array.from({ length: 8 }, (_, i) => 10 + (i % 2 === 0 ? 1 : -1));
    expect(errorOf(readings, net, square)).toBeGreaterThan(2 * threshold);
    const high = Float64Array.from({ length: 8 }, () => 13);
    expect(errorOf(readings, net, high)).toBeGreaterThan(2 * threshold);
  });

  it('may be foreseen', () => {
    const settings = raw({ kind: 'forecaster', window: 12, horizon: 2 });
    const { readings, net, threshold } = fitNormal(
      { readings: settings, rows: waves(200, 12, 0.01) },
      { noise: 1e-3 },
    );
    expect(net.weights).toMatchObject({ rows: 10, columns: 2 });
    expect(threshold).toBeLessThan(0.1);
    const [wave = new Float64Array()] = waves(1, 12, 0.01);
    expect(errorOf(readings, net, wave)).toBeLessThan(1.5 * threshold);
    const broken = wave.map((value, i) => (i > 10 ? value + 1 : value));
    expect(errorOf(readings, net, broken)).toBeGreaterThan(5 * threshold);
  });

  it('leaves as many windows over the threshold as it was asked to', () => {
    const { heldOut, threshold } = fitNormal({ readings: raw(), rows: waves(100) }, { falseAlarms: 0.1 });
    expect(heldOut.filter((error) => error > threshold)).toHaveLength(10);
  });

  it('judges no window by a net that knows its neighbours', () => {
    // Each stretch of 30 rows has a level of its own: seen, it is normal; unseen, it is far away.
    const rows = Array.from({ length: 120 }, (_, i) =>
      Float64Array.from({ length: 8 }, (_, k) => Math.floor(i / 30) ** 2 * 10 + ((i * 7 + k * 3) % 5)),
    );
    const seen = fitNormal({ readings: raw(), rows });
    const shuffled = rows.map((_, i) => rows[(i * 37) % 120] ?? new Float64Array(8));
    const mixed = fitNormal({ readings: raw(), rows: shuffled });
    expect(seen.threshold).toBeGreaterThan(1.5 * mixed.threshold);
  });

  it('is finite for a channel that never moves', () => {
    const rows = Array.from({ length: 40 }, () => new Float64Array(8).fill(5));
    const { readings, net } = fitNormal({ readings: raw(), rows });
    expect(Number.isFinite(errorOf(readings, net, new Float64Array(8).fill(5)))).toBe(true);
    expect(errorOf(readings, net, new Float64Array(8).fill(6))).toBeGreaterThan(1000);
  });

  it('cannot be learned from a handful of windows', () => {
    expect(() => fitNormal({ readings: raw(), rows: waves(19) })).toThrow(refusal);
  });
});
