import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { seeded } from '../src/training/random.ts';

const side = 256;

/** Two drawn plates, one with a spot: a bundle needs pictures that prove it, and the data are not ours to hand on. */
export async function goldenPlates(): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'edgeward-golden-'));
  const files: string[] = [];
  for (const [seed, radius] of [
    [1, 0],
    [2, 14],
  ] as const) {
    const random = seeded(seed);
    const brush = Float32Array.from({ length: side }, () => random() * 24 - 12);
    const pixels = Uint8Array.from({ length: side * side }, (_, i) => {
      const [x, y] = [i % side, Math.floor(i / side)];
      return Math.hypot(x - 170, y - 90) < radius ? 25 : 120 + (brush[x] ?? 0) + random() * 10;
    });
    const file = join(folder, `${seed}.png`);
    await sharp(pixels, { raw: { width: side, height: side, channels: 1 } })
      .toColourspace('b-w')
      .png()
      .toFile(file);
    files.push(file);
  }
  return files;
}
