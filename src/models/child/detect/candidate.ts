import type { Rows } from '../outputs.ts';

/** A box that a net proposes, in parts of its input: x and y from the top left corner. */
export interface Candidate {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
  readonly score: number;
  /** Index of the class. */
  readonly index: number;
  /** x, y of each point, one after another. */
  readonly points?: readonly number[];
}

/** What a decoding works with: the outputs of a batch by name, and the size of the net's input in pixels. */
export interface Decoding {
  readonly outputs: Readonly<Record<string, Rows>>;
  readonly width: number;
  readonly height: number;
  readonly minScore: number;
}

/** The numbers of one picture of a batch, and their dimensions. */
export function rowOf({ outputs }: Decoding, name: string, row: number): Rows {
  const rows = outputs[name];
  if (!rows) throw new RangeError(`The net has no output ${name}`);
  return { ...rows, data: rows.data.subarray(row * rows.length, (row + 1) * rows.length) };
}

export function sigmoid(logit: number): number {
  return 1 / (1 + Math.exp(-logit));
}

/** What a logit must reach for its sigmoid to reach `score`, so that few of them have to be computed. */
export function logitOf(score: number): number {
  return Math.log(score / (1 - score));
}

/** The greatest of `count` numbers from `start` on, `step` apart: its index among them. */
export function greatestOf(data: Float32Array, start: number, count: number, step = 1): number {
  let best = 0;
  for (let i = 1; i < count; i++) {
    if ((data[start + i * step] ?? 0) > (data[start + best * step] ?? 0)) best = i;
  }
  return best;
}

/** Columns and rows of the grid that a stride makes of the input, and where its cells begin among all cells. */
export interface Grid {
  readonly stride: number;
  readonly columns: number;
  readonly rows: number;
  readonly start: number;
}

export function gridsOf({ width, height }: Decoding, strides: readonly number[], perCell = 1): Grid[] {
  let start = 0;
  return strides.map((stride) => {
    const [columns, rows] = [Math.ceil(width / stride), Math.ceil(height / stride)];
    const grid = { stride, columns, rows, start };
    start += columns * rows * perCell;
    return grid;
  });
}
