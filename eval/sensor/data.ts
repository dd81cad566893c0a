import { inflateRawSync } from 'node:zlib';

export const data = new URL('../../../shared/data/sensors/', import.meta.url);

/**
 * The arrays of float64 in an `.npz`: a ZIP (APPNOTE 4.3) of `.npy` files (version 1.0 of the format).
 * Read from the central directory, whose sizes are right whatever the writer did.
 */
export function readNpz(file: Buffer): Map<string, Float64Array> {
  const end = file.lastIndexOf(Buffer.from([0x50, 0x4b, 5, 6]));
  const count = file.readUInt16LE(end + 10);
  const arrays = new Map<string, Float64Array>();
  let at = file.readUInt32LE(end + 16);
  for (let i = 0; i < count; i++) {
    const [method, packed] = [file.readUInt16LE(at + 10), file.readUInt32LE(at + 20)];
    const [nameLength, extra, comment] = [28, 30, 32].map((offset) => file.readUInt16LE(at + offset));
    const name = file.toString('utf8', at + 46, at + 46 + (nameLength ?? 0));
    const local = file.readUInt32LE(at + 42);
    const start = local + 30 + file.readUInt16LE(local + 26) + file.readUInt16LE(local + 28);
    const bytes = file.subarray(start, start + packed);
    arrays.set(name.replace(/\.npy$/, ''), readNpy(method === 0 ? bytes : inflateRawSync(bytes)));
    at += 46 + (nameLength ?? 0) + (extra ?? 0) + (comment ?? 0);
  }
  return arrays;
}

function readNpy(bytes: Buffer): Float64Array {
  const length = bytes.readUInt16LE(8);
  const header = bytes.toString('latin1', 10, 10 + length);
  if (!header.includes("'<f8'")) throw new TypeError(`Expected float64 but received ${header}`);
  return new Float64Array(new Uint8Array(bytes.subarray(10 + length)).buffer);
}
