import { promisify } from 'node:util';
import { crc32, deflate } from 'node:zlib';
import type { Pictures } from './pictures.ts';

const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/** Pixels `[height, width, channels]` as a PNG of 8 bits, grey or RGB; the same pixels make the same bytes. */
export async function encodePng(
  pixels: Uint8Array,
  { width, height, channels }: Pick<Pictures, 'width' | 'height' | 'channels'>,
): Promise<Buffer> {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  // Bits a sample; the type of colour, 0 for grey and 2 for RGB.
  header.set([8, channels === 1 ? 0 : 2], 8);
  const stride = width * channels;
  // Before each row the number of its filter, 0 for none.
  const rows = Buffer.alloc(height * (stride + 1));
  for (let y = 0; y < height; y++)
    rows.set(pixels.subarray(y * stride, (y + 1) * stride), y * (stride + 1) + 1);
  const data = await promisify(deflate)(rows, { level: 9 });
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', data),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, check]);
}
