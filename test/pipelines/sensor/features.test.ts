import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { statistics } from '../../../src/models/manifest.ts';
import { featureNames, featuresOf } from '../../../src/pipelines/sensor/features.ts';
import { powerSpectrum } from '../../../src/pipelines/sensor/spectrum.ts';

const sine = (hz: number, rateHz: number, count: number, amplitude = 1) =>
  Float64Array.from({ length: count }, (_, i) => amplitude * Math.sin((2 * Math.PI * hz * i) / rateHz));
const all = { statistics, bandsHz: [] };
const named = (samples: Float64Array) => {
  const values = featuresOf(samples, 100, all);
  return Object.fromEntries(featureNames(all).map((name, i) => [name, values[i] ?? Number.NaN]));
};

describe('features', () => {
  it('are those of the textbook for a sine', () => {
    const values = named(sine(10, 1000, 1000, 2));
    expect(values.mean).toBeCloseTo(0, 9);
    expect(Math.exp(values.logRms ?? 0)).toBeCloseTo(Math.SQRT2, 6);
    expect(values.kurtosis).toBeCloseTo(1.5, 6);
    expect(values.skewness).toBeCloseTo(0, 6);
    expect(values.crest).toBeCloseTo(Math.SQRT2, 4);
    expect(Math.exp(values.logPeakToPeak ?? 0)).toBeCloseTo(4, 3);
    expect(values.max).toBeCloseTo(2, 3);
  });

  it('tell a ramp by its slope and a shock by its kurtosis', () => {
    const ramp = named(Float64Array.from({ length: 100 }, (_, i) => i));
    expect(ramp.slope).toBeCloseTo(75, 9);
    expect(Math.exp(ramp.logRoughness ?? 0)).toBeCloseTo(1, 9);
    const shock = sine(10, 1000, 1000);
    shock[500] = 20;
    expect(named(shock).kurtosis).toBeGreaterThan(50);
  });

  it('of the level move with the level, of the shape with neither level nor size', () => {
    const samples = fc.array(fc.double({ min: -10, max: 10, noNaN: true }), { minLength: 8, maxLength: 64 });
    fc.assert(
      fc.property(samples, fc.double({ min: 0.5, max: 20, noNaN: true }), (list, factor) => {
        const plain = named(Float64Array.from(list));
        fc.pre(Math.exp(plain.logStd ?? 0) > 1e-2);
        const other = named(Float64Array.from(list, (value) => value * factor + 100));
        expect(other.mean).toBeCloseTo((plain.mean ?? 0) * factor + 100, 6);
        expect(Math.exp(other.logStd ?? 0)).toBeCloseTo(Math.exp(plain.logStd ?? 0) * factor, 4);
        for (const shape of ['kurtosis', 'skewness', 'crest'])
          expect(other[shape]).toBeCloseTo(plain[shape] ?? 0, 3);
      }),
    );
  });

  it('are finite for a sensor that stands still', () => {
    const set = { statistics, bandsHz: [[0, 10] as const] };
    expect(featuresOf(new Float64Array(64).fill(3), 100, set).every(Number.isFinite)).toBe(true);
  });
});

describe('the spectrum', () => {
  it.each([64, 100, 1000, 3000, 10_000])(
    'of %i samples of noise adds up to about their variance',
    (count) => {
      let state = 1;
      const noise = Float64Array.from({ length: count }, () => {
        state = (state * 48_271) % 2_147_483_647;
        return state / 2_147_483_647 - 0.5;
      });
      const mean = noise.reduce((sum, value) => sum + value, 0) / count;
      const variance = noise.reduce((sum, value) => sum + (value - mean) ** 2, 0) / count;
      const total = powerSpectrum(noise).power.reduce((sum, value) => sum + value, 0);
      expect(total / variance).toBeGreaterThan(0.7);
      expect(total / variance).toBeLessThan(1.3);
    },
  );

  it('has a tone in its band and in no other', () => {
    const set = {
      statistics: [],
      bandsHz: [
        [0, 500],
        [500, 1500],
        [1500, 6000],
      ] as const,
    };
    const [low = 0, middle = 0, high = 0] = featuresOf(sine(1000, 12_000, 3000), 12_000, set);
    expect(Math.exp(middle)).toBeCloseTo(0.5, 2);
    expect(middle - low).toBeGreaterThan(10);
    expect(middle - high).toBeGreaterThan(10);
  });

  it('has a share of a bin for a band that is narrower than one', () => {
    const set = { statistics: [], bandsHz: [[10, 10.5]] as const };
    const [narrow = 0] = featuresOf(sine(10, 100, 64), 100, set);
    expect(Math.exp(narrow)).toBeGreaterThan(0.01);
  });
});
