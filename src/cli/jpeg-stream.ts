import { GatewayError } from '../errors.ts';

/** Markers of ISO/IEC 10918-1, table B.1. */
const marker = { startOfImage: 0xd8, endOfImage: 0xd9, startOfScan: 0xda, temporary: 0x01 } as const;
const startOfImage = Buffer.from([0xff, marker.startOfImage, 0xff]);
/** Larger than any picture that a gateway takes. */
const maxPictureBytes = 64 * 1024 * 1024;

/**
 * The pictures of a motion JPEG stream, one after the other. What lies between them, as the headers of
 * multipart streams, is skipped.
 * @throws REQUEST_INVALID if a picture is none or does not end.
 */
export async function* splitJpegs(input: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of input) {
    rest = Buffer.concat([rest, chunk]);
    for (;;) {
      const start = rest.indexOf(startOfImage);
      if (start < 0) {
        // The last two bytes may be the beginning of a marker.
        rest = rest.subarray(Math.max(0, rest.length - 2));
        break;
      }
      rest = rest.subarray(start);
      const length = jpegLength(rest);
      if (length === undefined) break;
      yield rest.subarray(0, length);
      rest = rest.subarray(length);
    }
    if (rest.length > maxPictureBytes) throw invalid(`at most ${maxPictureBytes} bytes`, 'more');
  }
  if (rest.length > 2) throw invalid('a whole picture', `the first ${rest.length} bytes of one`);
}

/**
 * Bytes of the JPEG that `data` begins with; undefined while its end is not there. The end is found by the
 * segments' lengths: the thumbnail in an Exif segment has an end of image of its own.
 */
function jpegLength(data: Buffer): number | undefined {
  let at = 2;
  while (at + 4 <= data.length || data[at + 1] === marker.endOfImage) {
    const code = data[at + 1];
    if (data[at] !== 0xff || code === undefined) throw invalid('a marker', `byte ${data[at]}`);
    if (code === marker.endOfImage) return at + 2;
    if (code === 0xff) at += 1;
    else if (isAlone(code)) at += 2;
    else {
      at += 2 + data.readUInt16BE(at + 2);
      if (code === marker.startOfScan) at = endOfScan(data, at);
    }
  }
  return undefined;
}

/** Where the entropy-coded data ends: at a marker that is neither stuffing nor a restart. */
function endOfScan(data: Buffer, from: number): number {
  let at = data.indexOf(0xff, from);
  while (at >= 0 && (data[at + 1] === 0 || isAlone(data[at + 1] ?? 0))) at = data.indexOf(0xff, at + 2);
  return at < 0 ? data.length : at;
}

function isAlone(code: number): boolean {
  return code === marker.temporary || (code >= 0xd0 && code <= 0xd7);
}

function invalid(expected: string, received: string): GatewayError {
  return new GatewayError(
    'REQUEST_INVALID',
    `Expected ${expected} for JPEG on standard input but received ${received}`,
  );
}
