import turbo from '@julusian/jpeg-turbo';
import type { PictureInput } from '../manifest.ts';
import { checkSize, invalidPicture } from './invalid.ts';
import type { Pixels } from './resize.ts';

const formats = { rgb: turbo.FORMAT_RGB, bgr: turbo.FORMAT_BGR, grey: turbo.FORMAT_GRAY } as const;

/** Start of frame: baseline, extended and progressive, with Huffman (C0-C2) or arithmetic (C9, CA) coding. */
const startsOfFrame = [0xc0, 0xc1, 0xc2, 0xc9, 0xca];
/** Restarts, end of image and TEM carry no length (ITU-T T.81, B.1.1.3). */
const standalone = [0x01, 0xd0, 0xd1, 0xd2, 0xd3, 0xd4, 0xd5, 0xd6, 0xd7];
const startOfScan = 0xda;
const endOfImage = 0xd9;
/** A camera's progressive picture has about ten; each costs a pass over all pixels. */
const maxScans = 100;

/** What was decoded last is overwritten by the next picture: a gateway's frames have all one size. */
let scratch = Buffer.alloc(0);
/** Greater ones are not kept: a single huge picture must not hold its memory for ever. */
const keptBytes = 8 << 20;

/**
 * The pixels of a JPEG in the order that the net wants, or `undefined` if libjpeg-turbo refuses it: the
 * binding does not say why. Valid until the next call.
 * @throws FRAME_INVALID if the header is damaged or promises more than `maxPixels`.
 */
export function decodeJpeg(
  data: Uint8Array,
  colour: PictureInput['colour'],
  maxPixels: number,
): Pixels | undefined {
  const { width, height } = readJpegSize(data);
  checkSize(width, height, maxPixels);
  checkScans(data);
  const stride = colour === 'grey' ? 1 : 3;
  // The binding multiplies width, height and channels in 32 bits and trusts the product. What keeps that
  // from writing beyond the buffer is the check above, which reads the header as libjpeg does.
  const out = reserve(width * height * stride);
  try {
    const decoded = turbo.decompressSync(asBuffer(data), out, { format: formats[colour] });
    if (decoded.width !== width || decoded.height !== height) return undefined;
  } catch {
    return undefined;
  }
  return { data: out, width, height, stride, colour };
}

/**
 * Size in the first start-of-frame segment, found as libjpeg finds it.
 * @throws FRAME_INVALID
 */
export function readJpegSize(data: Uint8Array): { width: number; height: number } {
  if (data[0] !== 0xff || data[1] !== 0xd8) throw invalidPicture('a JPEG', 'other bytes');
  for (let at = 2; at < data.length; ) {
    while (at < data.length && data[at] !== 0xff) at++;
    while (data[at] === 0xff) at++;
    const marker = data[at++];
    if (marker === undefined) break;
    // A stuffed zero is no marker: libjpeg goes on looking.
    if (marker === 0 || standalone.includes(marker)) continue;
    if (marker === startOfScan || marker === endOfImage || marker === 0xd8) break;
    if (startsOfFrame.includes(marker)) return sizeIn(data, at);
    const length = uint16(data, at);
    if (length < 2) break;
    at += length;
  }
  throw invalidPicture('a JPEG with its size in the header', 'one without');
}

function sizeIn(data: Uint8Array, at: number): { width: number; height: number } {
  if (at + 7 > data.length) throw invalidPicture('a whole JPEG header', 'one that ends early');
  return { height: uint16(data, at + 3), width: uint16(data, at + 5) };
}

function checkScans(data: Uint8Array): void {
  const bytes = asBuffer(data);
  const marker = Buffer.of(0xff, startOfScan);
  let scans = 0;
  for (let at = bytes.indexOf(marker); at >= 0; at = bytes.indexOf(marker, at + 2)) {
    if (++scans > maxScans) throw invalidPicture(`a JPEG of at most ${maxScans} scans`, 'one with more');
  }
}

function reserve(bytes: number): Buffer {
  if (bytes > keptBytes) return Buffer.allocUnsafeSlow(bytes);
  if (bytes > scratch.length) scratch = Buffer.allocUnsafeSlow(bytes);
  return scratch.subarray(0, bytes);
}

function asBuffer(data: Uint8Array): Buffer {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}

function uint16(data: Uint8Array, at: number): number {
  return ((data[at] ?? 0) << 8) | (data[at + 1] ?? 0);
}
