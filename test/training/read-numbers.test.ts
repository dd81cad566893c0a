import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readNumbers } from '../../src/training/read-numbers.ts';
import { readingsDataset } from '../../src/training/readings-dataset.ts';
import { scratch } from './mnist-files.ts';

async function file(name: string, data: string | Uint8Array): Promise<string> {
  const path = join(await scratch(), name);
  await writeFile(path, data);
  return path;
}

/** A file of NumPy's format, version 1. */
function npy(header: string, data: ArrayBuffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16LE(header.length);
  const magic = Buffer.from('\x93NUMPY\x01\x00', 'latin1');
  return Buffer.concat([magic, length, Buffer.from(header), Buffer.from(data)]);
}

it('columns of a CSV without numbers are left out, and a missing number is NaN', async () => {
  const path = await file(
    'a.csv',
    'time,pressure,valve,flow\n1:00,1.5,open,-2e1\n1:05,,shut,3\r\n1:10,2.5,open,nan\n',
  );
  const { table } = await readNumbers(path);
  expect(table).toEqual({
    columns: ['pressure', 'flow'],
    rows: 3,
    data: Float32Array.of(1.5, -20, Number.NaN, 3, 2.5, Number.NaN),
  });
});

it('rows apart by spaces need no names', async () => {
  const { table } = await readNumbers(await file('a.csv', '  1.0  2.0\n3.0 4.0\n'));
  expect(table).toEqual({ columns: ['column1', 'column2'], rows: 2, data: Float32Array.of(1, 2, 3, 4) });
});

it('arrays of NumPy are read, of floats of both sizes', async () => {
  const double = npy(
    "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 2), }",
    Float64Array.of(1, 2, 3, 4.5).buffer,
  );
  expect((await readNumbers(await file('a.npy', double))).table).toMatchObject({
    rows: 2,
    data: Float32Array.of(1, 2, 3, 4.5),
  });
  const single = npy(
    "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }",
    Float32Array.of(1, 2, 3).buffer,
  );
  expect((await readNumbers(await file('b.npy', single))).table).toMatchObject({
    columns: ['column1'],
    rows: 3,
  });
});

it.each([
  ['a.npy', npy("{'descr': '<i4', 'fortran_order': False, 'shape': (1,), }", new ArrayBuffer(4))],
  ['a.npy', npy("{'descr': '<f4', 'fortran_order': True, 'shape': (1, 1), }", new ArrayBuffer(4))],
  ['a.npy', npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", new ArrayBuffer(4))],
  ['a.npy', new Uint8Array(20)],
  ['a.f32', new Uint8Array(7)],
  ['a.csv', 'one\ntwo\n'],
  ['a.csv', ''],
])('%s of other things is refused (%#)', async (name, data) => {
  await expect(readNumbers(await file(name, data))).rejects.toMatchObject({ code: 'DATASET_INVALID' });
});

it('windows with a reading missing are left out, and the end of each file is held out', async () => {
  const lines = Array.from({ length: 100 }, (_, i) => (i === 50 ? 'nan' : String(i % 2)));
  const { training, heldOut, normal, input } = await readingsDataset({
    path: await file('a.csv', lines.join('\n')),
    window: 5,
    stride: 5,
  });
  // 17 windows in the first 85 rows, of which one has the gap; 3 in the last 15.
  expect([training.count, heldOut.count]).toEqual([16, 3]);
  expect(input).toEqual({ kind: 'tensor', shape: [5, 1] });
  expect(normal.mean[0]).toBeCloseTo(0.5, 1);
  const [low, high] = heldOut.feed(0, 1).data;
  expect(Number(high) - Number(low)).toBeCloseTo(-2, 1);
});

it('too few readings for a window are refused', async () => {
  const path = await file('a.csv', '1\n2\n3\n');
  await expect(readingsDataset({ path, window: 5, stride: 1 })).rejects.toMatchObject({
    code: 'DATASET_INVALID',
  });
});
