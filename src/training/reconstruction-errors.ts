import type { Feed } from './evaluate.ts';

/** Of reconstructions: the mean squared differences to what went in, one a row. */
export interface Errors {
  readonly mean: number;
  readonly median: number;
  readonly p99: number;
  readonly greatest: number;
}

export function errorsOf(rows: readonly Float32Array[], part: Feed): Errors {
  const errors = rowErrors(rows, part).sort((a, b) => a - b);
  const at = (share: number) =>
    errors[Math.min(errors.length - 1, Math.floor(share * errors.length))] ?? Number.NaN;
  const mean = errors.reduce((sum, error) => sum + error, 0) / errors.length;
  return { mean, median: at(0.5), p99: at(0.99), greatest: at(1) };
}

/** How much of the variance of what went in comes out again: 1 is all of it. */
export function explained(rows: readonly Float32Array[], part: Feed): number {
  const errors = rowErrors(rows, part);
  const values = rows.map((_, i) => inputOf(part, i));
  const count = values.reduce((sum, each) => sum + each.length, 0);
  const mean = values.reduce((sum, each) => sum + each.reduce((a, b) => a + b, 0), 0) / count;
  const variance =
    values.reduce((sum, each) => sum + each.reduce((a, b) => a + (b - mean) ** 2, 0), 0) / count;
  const error = errors.reduce((sum, each) => sum + each, 0) / errors.length;
  return 1 - error / (variance || 1);
}

function rowErrors(rows: readonly Float32Array[], part: Feed): number[] {
  return rows.map((row, i) => {
    const input = inputOf(part, i);
    return input.reduce((sum, value, k) => sum + (value - (row[k] ?? Number.NaN)) ** 2, 0) / input.length;
  });
}

/** As the net saw it in training: bytes from 0 to 1. */
function inputOf(part: Feed, index: number): Float32Array {
  const { type, data } = part.feed(index, index + 1);
  return type === 'uint8'
    ? Float32Array.from(data, (byte) => byte / 255)
    : Float32Array.from(data as Float32Array);
}
