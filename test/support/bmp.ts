import { readFile } from 'node:fs/promises';
import sharp from 'sharp';

/** libvips reads no BMP: 24 bits, rows from below, each of a multiple of four bytes. */
export async function jpegOfBmp(path: string): Promise<Buffer> {
  const bmp = await readFile(path);
  const [start, width, height] = [bmp.readUInt32LE(10), bmp.readInt32LE(18), bmp.readInt32LE(22)];
  const stride = Math.ceil((width * 3) / 4) * 4;
  const rgb = Buffer.alloc(width * Math.abs(height) * 3);
  for (let y = 0; y < Math.abs(height); y++) {
    const row = start + (height > 0 ? height - 1 - y : y) * stride;
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < 3; c++) rgb[(y * width + x) * 3 + c] = bmp[row + x * 3 + 2 - c] ?? 0;
    }
  }
  return sharp(rgb, { raw: { width, height: Math.abs(height), channels: 3 } })
    .jpeg()
    .toBuffer();
}
