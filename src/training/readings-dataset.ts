import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { GatewayError } from '../errors.ts';
import { type Dataset, digestOf, type Part } from './dataset.ts';
import { readNumbers, type Table } from './read-numbers.ts';

export interface ReadingsOptions {
  /** A file, or a folder of files. */
  readonly path: string;
  /** Samples of a window and from one to the next. */
  readonly window: number;
  readonly stride: number;
  readonly limit?: number | undefined;
}

/** What is normal, one number a channel: nets take `(value - mean) / scale`. */
export interface Normal {
  readonly channels: readonly string[];
  readonly mean: readonly number[];
  readonly scale: readonly number[];
}

/**
 * Windows of the readings of normal operation; of each file the last 15 of 100 are held out. Windows with a reading
 * missing are left out.
 * @throws DATASET_INVALID if files are damaged, have other columns than each other, or too few readings.
 */
export async function readingsDataset(
  options: ReadingsOptions,
): Promise<Dataset & { readonly normal: Normal }> {
  const { path, window, limit = Number.POSITIVE_INFINITY } = options;
  const files = await Promise.all((await filesOf(path)).map(readNumbers));
  const [first] = files;
  if (first === undefined) throw invalid('.csv, .npy or .f32 files', path, 'none');
  const { columns } = first.table;
  for (const { table } of files) {
    if (table.columns.length !== columns.length)
      throw invalid(`${columns.length} columns in every file`, path, `${table.columns.length}`);
  }
  const parts = files.map(({ table }) => {
    const split = Math.ceil(table.rows * 0.85);
    return [rowsOf(table, 0, split), rowsOf(table, split, table.rows)] as const;
  });
  const normal = normalOf(
    parts.map(([training]) => training),
    columns,
  );
  const windows = (tables: readonly Table[]) => tables.flatMap((table) => windowsOf(table, normal, options));
  const training = windows(parts.map(([table]) => table)).slice(0, limit);
  const heldOut = windows(parts.map(([, table]) => table));
  if (training.length === 0 || heldOut.length === 0) {
    throw invalid(
      `more than ${Math.ceil(window / 0.15)} readings in a file`,
      path,
      `${Math.max(...files.map(({ table }) => table.rows))}`,
    );
  }
  const shape = [window, columns.length];
  return {
    name: basename(path),
    digest: digestOf(files.map(({ bytes }) => digestOf([bytes]))),
    input: { kind: 'tensor', shape },
    training: windowPart(training, shape),
    heldOut: windowPart(heldOut, shape),
    normal,
  };
}

function windowPart(windows: readonly Float32Array[], shape: readonly number[]): Part {
  const joined = (chosen: readonly Float32Array[]) => {
    const length = shape.reduce((product, size) => product * size, 1);
    const data = new Float32Array(chosen.length * length);
    for (const [i, each] of chosen.entries()) data.set(each, i * length);
    return data;
  };
  return {
    count: windows.length,
    examples: () => ({
      count: windows.length,
      take(indices) {
        const data = joined(Array.from(indices, (index) => windows[index] ?? new Float32Array()));
        const rows = { shape: [indices.length, ...shape], data };
        return { inputs: rows, targets: rows };
      },
    }),
    feed: (from, to) => ({
      type: 'float32',
      dims: [to - from, ...shape],
      data: joined(windows.slice(from, to)),
    }),
  };
}

function windowsOf(
  table: Table,
  { mean, scale }: Normal,
  { window, stride }: ReadingsOptions,
): Float32Array[] {
  const width = mean.length;
  const found: Float32Array[] = [];
  for (let start = 0; start + window <= table.rows; start += stride) {
    const raw = table.data.subarray(start * width, (start + window) * width);
    const each = raw.map((value, i) => (value - (mean[i % width] ?? 0)) / (scale[i % width] ?? 1));
    if (each.every(Number.isFinite)) found.push(each);
  }
  return found;
}

function normalOf(tables: readonly Table[], channels: readonly string[]): Normal {
  const statistics = channels.map((_, channel) => {
    const values = tables.flatMap(({ data, rows }) =>
      Array.from({ length: rows }, (_, row) => data[row * channels.length + channel] ?? Number.NaN).filter(
        Number.isFinite,
      ),
    );
    const mean = values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, values.length);
    return { mean, scale: Math.sqrt(variance) || 1 };
  });
  return { channels, mean: statistics.map((each) => each.mean), scale: statistics.map((each) => each.scale) };
}

function rowsOf({ columns, data }: Table, from: number, to: number): Table {
  return { columns, rows: to - from, data: data.subarray(from * columns.length, to * columns.length) };
}

async function filesOf(path: string): Promise<string[]> {
  const found = await stat(path).catch((cause) => {
    throw new GatewayError('DATASET_INVALID', `Expected a file or folder but received ${path}`, { cause });
  });
  if (!found.isDirectory()) return [path];
  const names = await readdir(path);
  return names
    .filter((name) => /\.(csv|npy|f32)$/.test(name))
    .sort()
    .map((name) => join(path, name));
}

function invalid(expected: string, what: string, received: string): GatewayError {
  return new GatewayError('DATASET_INVALID', `Expected ${expected} for ${what} but received ${received}`);
}
