import { crc32, inflateSync } from 'node:zlib';
import { checkSize, invalidPicture } from './invalid.ts';
import type { Pixels } from './resize.ts';

interface Header {
  readonly width: number;
  readonly height: number;
  readonly bitDepth: number;
  readonly colourType: number;
  readonly interlaced: boolean;
}

/** Grey, RGB, palette, grey with alpha, RGB with alpha: bytes a pixel at 8 bits. */
const strides: Readonly<Record<number, 1 | 2 | 3 | 4>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };
const palette = 3;
const signatureBytes = 8;

/**
 * The pixels of a PNG of 8 bits a channel without interlacing, which is what programs write; `undefined`
 * for the rarer kinds. For a picture of 28 × 28 this takes a fortieth of what a general library needs to
 * hand it to another thread, and it reads golden samples without loading that library.
 * @see https://www.w3.org/TR/png-3/
 * @throws FRAME_INVALID if it is damaged or promises more than `maxPixels`.
 */
export function decodePng(data: Uint8Array, maxPixels: number): Pixels | undefined {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const header = readHeader(bytes);
  const { width, height, colourType } = header;
  checkSize(width, height, maxPixels);
  const chunks = readChunks(bytes);
  const stride = strides[colourType];
  if (header.bitDepth !== 8 || header.interlaced || stride === undefined) return undefined;
  const rows = inflate(chunks.rows, (width * stride + 1) * height);
  unfilter(rows, width * stride, height, stride);
  if (colourType === palette) return expand(rows, width, height, chunks.colours);
  return {
    data: rows.subarray(0, width * height * stride),
    width,
    height,
    stride,
    colour: stride < 3 ? 'grey' : 'rgb',
  };
}

function readHeader(bytes: Buffer): Header {
  if (bytes.length < 33 || bytes.toString('latin1', 12, 16) !== 'IHDR') {
    throw invalidPicture('a PNG that starts with its header', 'other bytes');
  }
  return {
    width: bytes.readUInt32BE(16),
    height: bytes.readUInt32BE(20),
    bitDepth: bytes.readUInt8(24),
    colourType: bytes.readUInt8(25),
    interlaced: bytes.readUInt8(28) !== 0,
  };
}

/** The compressed rows and the palette. */
function readChunks(bytes: Buffer): { rows: Buffer; colours: Buffer } {
  const parts: Buffer[] = [];
  let colours: Buffer = Buffer.alloc(0);
  for (let at = signatureBytes; at + 12 <= bytes.length; ) {
    const end = at + 8 + bytes.readUInt32BE(at);
    if (end + 4 > bytes.length) break;
    if (crc32(bytes.subarray(at + 4, end)) !== bytes.readUInt32BE(end)) {
      throw invalidPicture('a PNG whose checksums are right', 'one that is damaged');
    }
    const type = bytes.toString('latin1', at + 4, at + 8);
    if (type === 'IEND') return { rows: Buffer.concat(parts), colours };
    if (type === 'IDAT') parts.push(bytes.subarray(at + 8, end));
    if (type === 'PLTE') colours = bytes.subarray(at + 8, end);
    at = end + 4;
  }
  throw invalidPicture('a whole PNG', 'one that ends early');
}

/** `expected` bytes and not one more, however much a hostile stream would give. */
function inflate(data: Buffer, expected: number): Buffer {
  let rows: Buffer;
  try {
    rows = inflateSync(data, { maxOutputLength: expected, chunkSize: Math.max(64, expected + 1) });
  } catch (cause) {
    throw invalidPicture('a PNG that can be decompressed', 'one whose data is damaged', cause);
  }
  if (rows.length !== expected) {
    throw invalidPicture(`${expected} bytes of rows in a PNG`, `${rows.length}`);
  }
  return rows;
}

/** Undo the filter of each row and close the gaps that the filter bytes leave, in place. */
function unfilter(rows: Buffer, width: number, height: number, stride: number): void {
  for (let y = 0; y < height; y++) {
    const from = y * (width + 1) + 1;
    const to = y * width;
    const above = y === 0 ? -1 : to - width;
    const filter = rows[from - 1] ?? 0;
    if (filter > 4) throw invalidPicture('a PNG filter of 0 to 4', `${filter}`);
    if (filter === 0 || (filter === 2 && above < 0)) rows.copyWithin(to, from, from + width);
    else unfilterRow(rows, filter, { from, to, above, width, stride });
  }
}

function unfilterRow(
  rows: Buffer,
  filter: number,
  {
    from,
    to,
    above,
    width,
    stride,
  }: { from: number; to: number; above: number; width: number; stride: number },
): void {
  for (let x = 0; x < width; x++) {
    const left = x < stride ? 0 : (rows[to + x - stride] ?? 0);
    const up = above < 0 ? 0 : (rows[above + x] ?? 0);
    const upLeft = x < stride || above < 0 ? 0 : (rows[above + x - stride] ?? 0);
    const predicted =
      filter === 1 ? left : filter === 2 ? up : filter === 3 ? (left + up) >> 1 : paeth(left, up, upLeft);
    rows[to + x] = (rows[from + x] ?? 0) + predicted;
  }
}

function paeth(left: number, up: number, upLeft: number): number {
  const toLeft = Math.abs(up - upLeft);
  const toUp = Math.abs(left - upLeft);
  const toUpLeft = Math.abs(left + up - 2 * upLeft);
  if (toLeft <= toUp && toLeft <= toUpLeft) return left;
  return toUp <= toUpLeft ? up : upLeft;
}

function expand(rows: Buffer, width: number, height: number, colours: Buffer): Pixels {
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < width * height; i++) {
    const entry = (rows[i] ?? 0) * 3;
    if (entry + 3 > colours.length)
      throw invalidPicture(`a palette entry below ${colours.length / 3}`, `${entry / 3}`);
    data[i * 3] = colours[entry] ?? 0;
    data[i * 3 + 1] = colours[entry + 1] ?? 0;
    data[i * 3 + 2] = colours[entry + 2] ?? 0;
  }
  return { data, width, height, stride: 3, colour: 'rgb' };
}
