import { readFile } from 'node:fs/promises';
import { GatewayError } from '../errors.ts';

/** Readings in the order of their taking: `[rows, columns]`. */
export interface Table {
  readonly columns: readonly string[];
  readonly rows: number;
  readonly data: Float32Array;
}

/**
 * The numbers of a file: `.csv`, whose first line may name the columns and whose columns without numbers (as of
 * times) are left out; `.npy` of float32 or float64 with one or two dimensions; `.f32`, float32 one after another.
 * A number that is missing is NaN.
 * @throws DATASET_INVALID
 */
export async function readNumbers(path: string): Promise<{ table: Table; bytes: Uint8Array }> {
  const bytes = await readFile(path).catch((cause) => {
    throw new GatewayError('DATASET_INVALID', `Expected a file but received ${path}`, { cause });
  });
  if (path.endsWith('.npy')) return { table: readNpy(bytes, path), bytes };
  if (path.endsWith('.f32')) return { table: columnsOf(floats(bytes, path, 'f4'), 1), bytes };
  return { table: readCsv(bytes.toString(), path), bytes };
}

function readCsv(text: string, path: string): Table {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '');
  const cells = lines.map((line) => (line.includes(',') ? line.split(',') : line.trim().split(/[;\s]+/)));
  const first = cells[0] ?? [];
  const named = first.every((cell) => Number.isNaN(numberOf(cell)) && cell.trim() !== '');
  const rows = named ? cells.slice(1) : cells;
  // A column is one of numbers if some row has one and no row has something else.
  const kept = first.flatMap((_, column) =>
    rows.some((row) => !Number.isNaN(numberOf(row[column]))) &&
    rows.every((row) => !Number.isNaN(numberOf(row[column])) || isMissing(row[column]))
      ? [column]
      : [],
  );
  if (kept.length === 0) throw invalid('columns of numbers', path, 'none');
  const data = Float32Array.from(rows.flatMap((row) => kept.map((column) => numberOf(row[column]))));
  const columns = kept.map((column) => (named ? (first[column] ?? '').trim() : `column${column + 1}`));
  return { columns, rows: rows.length, data };
}

function numberOf(cell = ''): number {
  return cell.trim() === '' ? Number.NaN : Number(cell);
}

function isMissing(cell = ''): boolean {
  return /^(nan|null|na|-)?$/i.test(cell.trim());
}

/** The format of NumPy, version 1 to 3: a magic, a length, a header that is a literal of Python, the numbers. */
function readNpy(file: Buffer, path: string): Table {
  if (file.length < 12 || file.subarray(0, 6).toString('latin1') !== '\x93NUMPY')
    throw invalid('an .npy file', path, 'other bytes');
  const start = file[6] === 1 ? 10 : 12;
  const end = start + (file[6] === 1 ? file.readUInt16LE(8) : file.readUInt32LE(8));
  const header = file.subarray(start, end).toString('latin1');
  const type = /'descr':\s*'<(f[48])'/.exec(header)?.[1];
  const shape = /'shape':\s*\(([\d,\s]*)\)/
    .exec(header)?.[1]
    ?.split(',')
    .flatMap((size) => (size.trim() ? [Number(size)] : []));
  if (
    (type !== 'f4' && type !== 'f8') ||
    !shape ||
    shape.length < 1 ||
    shape.length > 2 ||
    /'fortran_order':\s*True/.test(header)
  ) {
    throw invalid('float32 or float64 of one or two dimensions, row by row,', path, header.trim());
  }
  const [rows = 0, columns = 1] = shape;
  const data = floats(file.subarray(end), path, type);
  if (data.length !== rows * columns) throw invalid(`${rows * columns} numbers`, path, `${data.length}`);
  return columnsOf(data, columns);
}

function floats(bytes: Buffer, path: string, type: 'f4' | 'f8'): Float32Array {
  const size = type === 'f4' ? 4 : 8;
  if (bytes.length % size !== 0) throw invalid(`numbers of ${size} bytes`, path, `${bytes.length} bytes`);
  const own = new Uint8Array(bytes).buffer;
  return type === 'f4' ? new Float32Array(own) : Float32Array.from(new Float64Array(own));
}

function columnsOf(data: Float32Array, count: number): Table {
  const columns = Array.from({ length: count }, (_, i) => `column${i + 1}`);
  return { columns, rows: data.length / count, data };
}

function invalid(expected: string, what: string, received: string): GatewayError {
  return new GatewayError('DATASET_INVALID', `Expected ${expected} for ${what} but received ${received}`);
}
