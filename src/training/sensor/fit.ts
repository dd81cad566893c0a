import { GatewayError } from '../../errors.ts';
import type { ReadingsInput } from '../../models/manifest.ts';
import { type Affine, apply, type Rows, ridge } from './linear.ts';

/** Windows of normal readings, in the order of time. */
export interface NormalWindows {
  /** How they were made; its `mean` and `scale` are not looked at. */
  readonly readings: ReadingsInput;
  /** Columns as they are, before `mean` and `scale`: of a forecaster the whole window. */
  readonly rows: Rows;
}

export interface Fitted {
  readonly readings: ReadingsInput;
  readonly net: Affine;
  /** Root mean square error of a window, in standard deviations of the normal, at which the score is 0.5. */
  readonly threshold: number;
  /** Errors of windows that the net had not seen, in their order. */
  readonly heldOut: readonly number[];
}

export interface FitOptions {
  /** Variance of the noise that the net takes away, in the variance of a normal column. Default 1. */
  readonly noise?: number;
  /** Share of normal windows that may be above the threshold. Default 0.01: of many, some are odd. */
  readonly falseAlarms?: number;
}

const folds = 4;
/** Fewer say nothing of what is normal. */
const minRows = 20;
/** A column that never moves must not make every other value an infinite deviation. */
const least = 1e-6;

/**
 * Learns what is normal: a mean and a scale of every column, a linear autoencoder (or forecaster) of them, and
 * the threshold, from the errors on windows that were not learned from. The rows are cut into four stretches of
 * time and each is judged by a net of the others, without the rows that overlap it: of windows that a net has
 * seen, the errors are too small, and neighbours in time are half seen already.
 * @throws DATASET_INVALID if there are too few windows.
 */
export function fitNormal(
  { readings, rows }: NormalWindows,
  { noise = 1, falseAlarms = 0.01 }: FitOptions = {},
): Fitted {
  if (rows.length < minRows) {
    throw new GatewayError(
      'DATASET_INVALID',
      `Expected at least ${minRows} windows of normal readings but received ${rows.length}`,
    );
  }
  const all = learn(readings, rows, noise);
  const overlap = readings.align === 'message' ? 0 : Math.ceil(readings.window / readings.stride) - 1;
  const heldOut = Array.from({ length: folds }, (_, fold) => {
    const from = Math.floor((rows.length * fold) / folds);
    const to = Math.floor((rows.length * (fold + 1)) / folds);
    const others = [...rows.slice(0, Math.max(0, from - overlap)), ...rows.slice(to + overlap)];
    // So few windows, so long ones: then only the errors of windows that were seen are left.
    const { measured, net } = others.length >= minRows / 2 ? learn(readings, others, noise) : all;
    return rows.slice(from, to).map((row) => errorOf(measured, net, row));
  }).flat();
  const sorted = heldOut.toSorted((a, b) => a - b);
  const place = Math.ceil((1 - falseAlarms) * sorted.length) - 1;
  const threshold = Math.max(sorted[Math.max(0, place)] ?? 0, least);
  return { readings: all.measured, net: all.net, threshold, heldOut };
}

function learn(readings: ReadingsInput, rows: Rows, noise: number): { measured: ReadingsInput; net: Affine } {
  const measured = { ...readings, ...normalOf(readings, rows) };
  const normed = rows.map((row) => norm(measured, row));
  const inputs = normed.map((row) => inputOf(measured, row));
  const outputs = readings.kind === 'forecaster' ? normed.map((row) => tailOf(measured, row)) : inputs;
  return { measured, net: ridge(inputs, outputs, noise) };
}

/** Root mean square of what the net does not say of a window. */
export function errorOf(readings: ReadingsInput, net: Affine, row: Float64Array): number {
  const normed = norm(readings, row);
  const answer = apply(net, inputOf(readings, normed));
  const wanted = readings.kind === 'forecaster' ? tailOf(readings, normed) : normed;
  return Math.sqrt(
    answer.reduce((sum, value, i) => sum + (value - (wanted[i] ?? 0)) ** 2, 0) / answer.length,
  );
}

export function norm({ features, channels, mean, scale }: ReadingsInput, row: Float64Array): Float64Array {
  return row.map((value, column) => {
    const i = features ? column : column % channels.length;
    return (value - (mean[i] ?? 0)) / (scale[i] ?? 1);
  });
}

/** What goes into the net of a window: of a forecaster all but its end. */
export function inputOf({ horizon = 0, channels }: ReadingsInput, row: Float64Array): Float64Array {
  return row.subarray(0, row.length - horizon * channels.length);
}

function tailOf({ horizon = 0, channels }: ReadingsInput, row: Float64Array): Float64Array {
  return row.subarray(row.length - horizon * channels.length);
}

/** Mean and standard deviation of each feature, or of each channel over all samples. */
function normalOf({ features, channels }: ReadingsInput, rows: Rows): { mean: number[]; scale: number[] } {
  const size = features ? (rows[0]?.length ?? 0) : channels.length;
  const sums = {
    count: new Float64Array(size),
    first: new Float64Array(size),
    second: new Float64Array(size),
  };
  const each = (visit: (i: number, value: number) => void) => {
    for (const row of rows) for (const [column, value] of row.entries()) visit(column % size, value);
  };
  each((i, value) => {
    sums.count[i] = (sums.count[i] ?? 0) + 1;
    sums.first[i] = (sums.first[i] ?? 0) + value;
  });
  const mean = Array.from(sums.first, (sum, i) => sum / (sums.count[i] || 1));
  each((i, value) => {
    sums.second[i] = (sums.second[i] ?? 0) + (value - (mean[i] ?? 0)) ** 2;
  });
  const scale = Array.from(sums.second, (sum, i) => {
    const deviation = Math.sqrt(sum / (sums.count[i] || 1));
    return Math.max(deviation, least * Math.max(1, Math.abs(mean[i] ?? 0)));
  });
  return { mean, scale };
}
