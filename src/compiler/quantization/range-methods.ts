import type { Range } from '../calibrate.ts';
import type { Histogram } from './histogram.ts';

/** How the range that bytes cover is chosen from the numbers that a value took. */
export type RangeMethod = 'min-max' | 'percentile' | 'entropy' | 'mse';

export const rangeMethods: Readonly<Record<RangeMethod, (histogram: Histogram) => Range>> = {
  'min-max': ({ min, max }) => ({ min, max }),
  percentile,
  entropy,
  mse,
};

/** Numbers beyond on each side: one of ten thousand. */
const tail = 1e-4;

/** Without the outermost numbers of each side. */
function percentile(histogram: Histogram): Range {
  const bins = [...histogram.bins()];
  const limit = histogram.total * tail;
  return within(
    histogram,
    edge(bins, limit, histogram.width),
    -edge(bins.toReversed(), limit, -histogram.width),
  );
}

/** The number below which `limit` numbers lie, of bins from the least. */
function edge(bins: readonly (readonly [number, number])[], limit: number, width: number): number {
  let passed = 0;
  for (const [middle, count] of bins) {
    passed += count;
    if (passed > limit) return (middle - width / 2) * Math.sign(width);
  }
  return 0;
}

/** Shares of each side of the range that are tried. */
const shares = Array.from({ length: 64 }, (_, i) => 1 - i / 64);

/**
 * The least mean square error: within the range numbers are off by at most half a step, evenly, which is
 * `step² / 12` on average; beyond it they are cut to its edge. Each side is narrowed in turn.
 */
function mse(histogram: Histogram): Range {
  const bins = [...histogram.bins()];
  let range = within(histogram, histogram.min, histogram.max);
  for (let round = 0; round < 2; round++) {
    const { min, max } = range;
    const lower = shares.map((share) => ({ min: histogram.min * share, max }));
    range = least(histogram.min < 0 ? lower : [range], (each) => squareError(bins, each));
    const fixed = range.min;
    const upper = shares.map((share) => ({ min: fixed, max: histogram.max * share }));
    range = least(histogram.max > 0 ? upper : [range], (each) => squareError(bins, each));
    if (range.min === min && range.max === max) break;
  }
  return range;
}

function squareError(bins: readonly (readonly [number, number])[], { min, max }: Range): number {
  const noise = ((Math.max(max, 0) - Math.min(min, 0)) / 255) ** 2 / 12;
  let error = 0;
  for (const [middle, count] of bins) {
    const beyond = middle < min ? min - middle : middle > max ? middle - max : 0;
    error += count * (beyond > 0 ? beyond * beyond : noise);
  }
  return error;
}

/**
 * The least loss of information (Kullback-Leibler divergence of the histogram from what is left of it after
 * quantization) over magnitudes at which both sides are cut. As Migacz, "8-bit inference with TensorRT", 2017.
 */
function entropy(histogram: Histogram): Range {
  const bins = [...histogram.bins()];
  const greatest = Math.max(-histogram.min, histogram.max);
  const cuts = shares.map((share) => within(histogram, -greatest * share, greatest * share));
  return least(cuts, (range) => divergence(bins, range));
}

function divergence(bins: readonly (readonly [number, number])[], { min, max }: Range): number {
  const step = (Math.max(max, 0) - Math.min(min, 0)) / 255;
  const reference: number[] = [];
  const levels: number[] = [];
  const inLevel = new Map<number, { sum: number; bins: number }>();
  let total = 0;
  let outliers = 0;
  for (const [middle, count] of bins) {
    total += count;
    if (middle < min || middle > max) {
      outliers += count;
      continue;
    }
    const level = Math.round(middle / step);
    const found = inLevel.get(level) ?? { sum: 0, bins: 0 };
    inLevel.set(level, { sum: found.sum + count, bins: found.bins + 1 });
    reference.push(count);
    levels.push(level);
  }
  if (reference.length === 0) return Number.POSITIVE_INFINITY;
  // What is cut off counts at the edge of the reference, but not in what quantization can tell apart.
  const kept = total - outliers;
  reference[0] = (reference[0] ?? 0) + (min < 0 ? outliers / 2 : 0);
  const last = reference.length - 1;
  reference[last] = (reference[last] ?? 0) + (min < 0 ? outliers / 2 : outliers);
  let sum = 0;
  for (const [i, count] of reference.entries()) {
    const level = inLevel.get(levels[i] ?? 0);
    const quantized = level === undefined ? 0 : level.sum / level.bins / kept;
    if (count > 0) sum += (count / total) * Math.log(count / total / Math.max(quantized, 1e-12));
  }
  return sum;
}

function within({ min, max }: Range, low: number, high: number): Range {
  return { min: Math.max(min, low), max: Math.min(max, high) };
}

function least(ranges: readonly Range[], cost: (range: Range) => number): Range {
  const costs = ranges.map(cost);
  return ranges[costs.indexOf(Math.min(...costs))] ?? { min: 0, max: 0 };
}
