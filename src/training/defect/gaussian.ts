/** Of vectors of one length, one after another: where they lie and how they scatter. */
export interface Gaussian {
  readonly length: number;
  readonly mean: Float64Array;
  /** Lower triangle `W` of the inverse of the Cholesky factor: `|W (x - mean)|` is the Mahalanobis distance. */
  readonly whitening: Float64Array;
}

/**
 * The Gaussian of `rows`. The covariance of the numbers in deviations of their own is drawn towards the identity by
 * the share `shrinkage`: of few vectors it is known badly, and with fewer than their length it has no inverse.
 */
export function fitGaussian(rows: Float32Array, length: number, shrinkage: number): Gaussian {
  const { mean, deviation } = scalesOf(rows, length);
  const correlation = correlationOf(rows, mean, deviation);
  for (let i = 0; i < length; i++) {
    for (let j = 0; j < length; j++) {
      const at = i * length + j;
      correlation[at] = (correlation[at] ?? 0) * (1 - shrinkage) + (i === j ? shrinkage : 0);
    }
  }
  const whitening = inverseLower(cholesky(correlation, length), length);
  for (let i = 0; i < whitening.length; i++)
    whitening[i] = (whitening[i] ?? 0) / (deviation[i % length] ?? 1);
  return { length, mean, whitening };
}

/** Mean and deviation of each of the numbers of a row; the deviation is never 0. */
export function scalesOf(
  rows: Float32Array,
  length: number,
): { mean: Float64Array; deviation: Float64Array } {
  const count = rows.length / length;
  const mean = new Float64Array(length);
  const square = new Float64Array(length);
  for (let i = 0; i < rows.length; i++) {
    const value = rows[i] ?? 0;
    const at = i % length;
    mean[at] = (mean[at] ?? 0) + value / count;
    square[at] = (square[at] ?? 0) + (value * value) / count;
  }
  const deviation = square.map((value, i) => Math.sqrt(Math.max(0, value - (mean[i] ?? 0) ** 2)) + 1e-3);
  return { mean, deviation };
}

function correlationOf(rows: Float32Array, mean: Float64Array, deviation: Float64Array): Float64Array {
  const length = mean.length;
  const count = rows.length / length;
  const sums = new Float64Array(length * length);
  const scaled = new Float64Array(length);
  for (let row = 0; row < rows.length; row += length) {
    for (let i = 0; i < length; i++)
      scaled[i] = ((rows[row + i] ?? 0) - (mean[i] ?? 0)) / (deviation[i] ?? 1);
    for (let i = 0; i < length; i++) {
      const a = (scaled[i] ?? 0) / count;
      for (let j = 0, at = i * length; j <= i; j++, at++) sums[at] = (sums[at] ?? 0) + a * (scaled[j] ?? 0);
    }
  }
  for (let i = 0; i < length; i++)
    for (let j = 0; j < i; j++) sums[j * length + i] = sums[i * length + j] ?? 0;
  return sums;
}

/** The lower `L` with `L Lᵀ = matrix`, which must be positive definite: shrinkage sees to that. */
function cholesky(matrix: Float64Array, size: number): Float64Array {
  const lower = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = matrix[i * size + j] ?? 0;
      for (let k = 0; k < j; k++) sum -= (lower[i * size + k] ?? 0) * (lower[j * size + k] ?? 0);
      lower[i * size + j] =
        i === j ? Math.sqrt(Math.max(sum, Number.MIN_VALUE)) : sum / (lower[j * size + j] ?? 1);
    }
  }
  return lower;
}

/** By forward substitution, a column at a time. */
function inverseLower(lower: Float64Array, size: number): Float64Array {
  const inverse = new Float64Array(size * size);
  for (let column = 0; column < size; column++) {
    for (let i = column; i < size; i++) {
      let sum = i === column ? 1 : 0;
      for (let k = column; k < i; k++) sum -= (lower[i * size + k] ?? 0) * (inverse[k * size + column] ?? 0);
      inverse[i * size + column] = sum / (lower[i * size + i] ?? 1);
    }
  }
  return inverse;
}
