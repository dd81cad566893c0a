import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fitGaussian } from '../../../src/training/defect/gaussian.ts';
import { seeded } from '../../../src/training/random.ts';

test('what was fitted has unit covariance once whitened, however its numbers hang together', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 1_000_000 }), (length, seed) => {
      const random = seeded(seed);
      const mix = Float64Array.from({ length: length * length }, () => random() * 2 - 1);
      const count = 400;
      const rows = new Float32Array(count * length);
      for (let row = 0; row < count; row++) {
        const source = Array.from({ length }, () => random() - 0.5);
        for (let i = 0; i < length; i++) {
          // A share of its own keeps every number from being a sum of the others.
          rows[row * length + i] =
            source.reduce((sum, value, k) => sum + value * (mix[i * length + k] ?? 0), 5 * i) + random();
        }
      }
      const { mean, whitening } = fitGaussian(rows, length, 0);
      const covariance = new Float64Array(length * length);
      for (let row = 0; row < count; row++) {
        const white = Array.from({ length }, (_, i) => {
          let sum = 0;
          for (let k = 0; k < length; k++)
            sum += (whitening[i * length + k] ?? 0) * ((rows[row * length + k] ?? 0) - (mean[k] ?? 0));
          return sum;
        });
        for (let i = 0; i < length; i++)
          for (let j = 0; j < length; j++)
            covariance[i * length + j] =
              (covariance[i * length + j] ?? 0) + ((white[i] ?? 0) * (white[j] ?? 0)) / count;
      }
      for (let i = 0; i < length; i++)
        for (let j = 0; j < length; j++) expect(covariance[i * length + j]).toBeCloseTo(i === j ? 1 : 0, 1);
    }),
    { numRuns: 30 },
  );
});

test('fewer vectors than numbers still make a distance', () => {
  const rows = Float32Array.of(1, 2, 3, 4, 2, 2, 3, 5);
  const { whitening } = fitGaussian(rows, 4, 0.2);
  expect(whitening.every(Number.isFinite)).toBe(true);
});
