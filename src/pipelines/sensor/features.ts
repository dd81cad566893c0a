import type { FeatureSet, Statistic } from '../../models/manifest.ts';
import { powerSpectrum } from './spectrum.ts';

/** Keeps the logarithm of what is exactly 0, as of a sensor that stands still, finite. */
const tiny = 1e-12;

interface Moments {
  readonly mean: number;
  readonly std: number;
  readonly min: number;
  readonly max: number;
  readonly rms: number;
  readonly skewness: number;
  readonly kurtosis: number;
}

type Measure = (samples: Float64Array, moments: Moments) => number;

const measures: Readonly<Record<Statistic, Measure>> = {
  mean: (_, { mean }) => mean,
  logStd: (_, { std }) => Math.log(std + tiny),
  min: (_, { min }) => min,
  max: (_, { max }) => max,
  logRms: (_, { rms }) => Math.log(rms + tiny),
  logPeakToPeak: (_, { min, max }) => Math.log(max - min + tiny),
  // The greatest deviation from the mean in standard deviations.
  crest: (_, { min, max, mean, std }) => Math.max(max - mean, mean - min) / (std + tiny),
  kurtosis: (_, { kurtosis }) => kurtosis,
  skewness: (_, { skewness }) => skewness,
  slope: (samples) => {
    const quarter = Math.max(1, samples.length >> 2);
    return meanOf(samples.subarray(-quarter)) - meanOf(samples.subarray(0, quarter));
  },
  logRoughness: (samples) => {
    let sum = 0;
    for (let i = 1; i < samples.length; i++) sum += Math.abs((samples[i] ?? 0) - (samples[i - 1] ?? 0));
    return Math.log(sum / Math.max(1, samples.length - 1) + tiny);
  },
};

/** How many numbers a set makes of one channel. */
export function featureNames({ statistics, bandsHz }: FeatureSet): string[] {
  return [...statistics, ...bandsHz.map(([from, to]) => `${from}-${to} Hz`)];
}

/** The features of one channel's window, in the order of `featureNames`. The samples have no gaps. */
export function featuresOf(samples: Float64Array, rateHz: number, set: FeatureSet): number[] {
  const moments = momentsOf(samples);
  const values = set.statistics.map((name) => measures[name](samples, moments));
  if (set.bandsHz.length === 0) return values;
  const { power, size } = powerSpectrum(samples);
  const binHz = rateHz / size;
  return [
    ...values,
    ...set.bandsHz.map(([from, to]) => Math.log(bandPower(power, from / binHz, to / binHz) + tiny)),
  ];
}

/** The power of the bins in `[from, to)`; a band between two bins has its share of the one below. */
function bandPower(power: Float64Array, from: number, to: number): number {
  const [first, end] = [Math.ceil(from), Math.ceil(to)];
  if (first >= end) return (power[Math.floor(from)] ?? 0) * (to - from);
  let sum = 0;
  for (let bin = first; bin < Math.min(end, power.length); bin++) sum += power[bin] ?? 0;
  return sum;
}

function momentsOf(samples: Float64Array): Moments {
  const mean = meanOf(samples);
  const sums = { second: 0, third: 0, fourth: 0 };
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of samples) {
    const d = value - mean;
    sums.second += d * d;
    sums.third += d * d * d;
    sums.fourth += d * d * d * d;
    min = Math.min(min, value);
    max = Math.max(max, value);
  }
  const variance = sums.second / samples.length;
  const std = Math.sqrt(variance);
  // Rounding alone has no shape.
  const moves = std > 1e-12 * Math.max(1, Math.abs(mean));
  return {
    mean,
    std,
    min,
    max,
    rms: Math.sqrt(mean * mean + variance),
    skewness: moves ? sums.third / samples.length / std ** 3 : 0,
    kurtosis: moves ? sums.fourth / samples.length / variance ** 2 : 0,
  };
}

function meanOf(samples: Float64Array): number {
  let sum = 0;
  for (const value of samples) sum += value;
  return sum / samples.length;
}
