import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { seeded } from '../../../src/training/random.ts';

export const side = 256;

export interface Spot {
  readonly x: number;
  readonly y: number;
  readonly radius: number;
}

/** A brushed plate under uneven light, another one for every seed; with a dark spot of that radius where one is. */
export function plate(seed: number, spot?: Spot): Buffer {
  const random = seeded(seed);
  const brush = Float32Array.from({ length: side }, () => random() * 24 - 12);
  const [light, tilt] = [110 + random() * 40, random() * 0.2 - 0.1];
  return Buffer.from(
    Uint8Array.from({ length: side * side }, (_, i) => {
      const [x, y] = [i % side, Math.floor(i / side)];
      const inside = spot !== undefined && Math.hypot(x - spot.x, y - spot.y) < spot.radius;
      return inside ? 25 : light + tilt * (x - side / 2) + (brush[x] ?? 0) + random() * 10;
    }),
  );
}

/** White where the spot is. */
export function discMask({ x, y, radius }: Spot): Buffer {
  return Buffer.from(
    Uint8Array.from({ length: side * side }, (_, i) =>
      Math.hypot((i % side) - x, Math.floor(i / side) - y) < radius ? 255 : 0,
    ),
  );
}

export function encoded(pixels: Buffer): Promise<Buffer> {
  return sharp(pixels, { raw: { width: side, height: side, channels: 1 } })
    .jpeg({ quality: 92 })
    .toBuffer();
}

/** A folder with these pictures in it, `part-0.jpg` and so on. */
export async function folderOf(pictures: readonly Buffer[]): Promise<string> {
  const folder = join(await mkdtemp(join(tmpdir(), 'edgeward-parts-')), randomBytes(4).toString('hex'));
  await mkdir(folder);
  for (const [i, pixels] of pictures.entries())
    await writeFile(join(folder, `part-${i}.jpg`), await encoded(pixels));
  return folder;
}
