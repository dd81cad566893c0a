import { GatewayError } from '../../errors.ts';

/** Square or not, row by row. */
interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly data: Float64Array;
}

/** Rows that are learned from, all equally long. */
export type Rows = readonly Float64Array[];

/** `answer = input * weights + bias` */
export interface Affine {
  /** `[inputs, outputs]` */
  readonly weights: Matrix;
  readonly bias: Float64Array;
}

/** Twice as many take eight times as long, and more than that needs features. */
const maxColumns = 1024;

function meanOf(rows: Rows): Float64Array {
  const mean = new Float64Array(rows[0]?.length ?? 0);
  for (const row of rows)
    for (const [i, value] of row.entries()) mean[i] = (mean[i] ?? 0) + value / rows.length;
  return mean;
}

/**
 * Least squares with a penalty on the weights (ridge regression), from `inputs` to `outputs`: the weights are
 * `(X'X / n + penalty I)^-1 X'Y / n` of the centred rows. With the outputs the same as the inputs it is the
 * best linear denoising autoencoder for noise of that variance (Bishop, Neural Computation 7, 1995): what the
 * rows have in common comes back, the more of it the more they vary there, and nothing else does.
 * @throws DATASET_INVALID for more columns than can be solved in reasonable time.
 */
export function ridge(inputs: Rows, outputs: Rows, penalty: number): Affine {
  const size = inputs[0]?.length ?? 0;
  const wanted = outputs[0]?.length ?? 0;
  if (size > maxColumns) {
    throw new GatewayError(
      'DATASET_INVALID',
      `Expected at most ${maxColumns} numbers a window but received ${size}: use features, or a shorter window`,
    );
  }
  const [meanIn, meanOut] = [meanOf(inputs), meanOf(outputs)];
  const covariance = products(inputs, meanIn, inputs, meanIn);
  for (let i = 0; i < size; i++)
    covariance.data[i * size + i] = (covariance.data[i * size + i] ?? 0) + penalty;
  const weights = solve(covariance, products(inputs, meanIn, outputs, meanOut));
  const bias = meanOut.slice();
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < wanted; j++) {
      bias[j] = (bias[j] ?? 0) - (meanIn[i] ?? 0) * (weights.data[i * wanted + j] ?? 0);
    }
  }
  return { weights, bias };
}

export function apply({ weights, bias }: Affine, input: Float64Array): Float64Array {
  const answer = bias.slice();
  for (const [i, value] of input.entries()) {
    for (let j = 0; j < answer.length; j++) {
      answer[j] = (answer[j] ?? 0) + value * (weights.data[i * answer.length + j] ?? 0);
    }
  }
  return answer;
}

/** `A'B / n` of rows less their means. */
function products(a: Rows, meanA: Float64Array, b: Rows, meanB: Float64Array): Matrix {
  const [rows, columns] = [meanA.length, meanB.length];
  const data = new Float64Array(rows * columns);
  for (const [n, row] of a.entries()) {
    const other = b[n] ?? new Float64Array(columns);
    for (let i = 0; i < rows; i++) {
      const factor = ((row[i] ?? 0) - (meanA[i] ?? 0)) / a.length;
      for (let j = 0; j < columns; j++) {
        data[i * columns + j] = (data[i * columns + j] ?? 0) + factor * ((other[j] ?? 0) - (meanB[j] ?? 0));
      }
    }
  }
  return { rows, columns, data };
}

/** `A^-1 B` by the factors of Cholesky: A is symmetric and, with a penalty above 0, positive. */
function solve({ rows: size, data }: Matrix, { columns, data: right }: Matrix): Matrix {
  const lower = new Float64Array(size * size);
  const at = (i: number, j: number) => lower[i * size + j] ?? 0;
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = data[i * size + j] ?? 0;
      for (let k = 0; k < j; k++) sum -= at(i, k) * at(j, k);
      lower[i * size + j] = i === j ? Math.sqrt(sum) : sum / at(j, j);
    }
  }
  const solution = right.slice();
  for (let c = 0; c < columns; c++) {
    const x = (i: number) => solution[i * columns + c] ?? 0;
    for (let i = 0; i < size; i++) {
      let sum = x(i);
      for (let k = 0; k < i; k++) sum -= at(i, k) * x(k);
      solution[i * columns + c] = sum / at(i, i);
    }
    for (let i = size - 1; i >= 0; i--) {
      let sum = x(i);
      for (let k = i + 1; k < size; k++) sum -= at(k, i) * x(k);
      solution[i * columns + c] = sum / at(i, i);
    }
  }
  return { rows: size, columns, data: solution };
}
