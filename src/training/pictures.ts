import type { Examples } from './examples.ts';
import type { Random } from './random.ts';

/** Pictures of one size, with a class each. */
export interface Pictures {
  readonly count: number;
  readonly height: number;
  readonly width: number;
  /** 1 is grey, 3 is RGB. */
  readonly channels: 1 | 3;
  /** `[count, height, width, channels]` */
  readonly pixels: Uint8Array;
  /** `[count]`, indices of classes; 0 where there are none. */
  readonly labels: Uint16Array;
}

/** The pictures from `from` up to but not including `to`; nothing is copied. */
export function slice(pictures: Pictures, from: number, to: number): Pictures {
  const end = Math.min(to, pictures.count);
  const area = areaOf(pictures);
  return {
    ...pictures,
    count: end - from,
    pixels: pictures.pixels.subarray(from * area, end * area),
    labels: pictures.labels.subarray(from, end),
  };
}

/** The pictures at `indices`, copied in that order. */
export function pick(pictures: Pictures, indices: Uint32Array): Pictures {
  const area = areaOf(pictures);
  const pixels = new Uint8Array(indices.length * area);
  for (const [i, index] of indices.entries()) pixels.set(pictureAt(pictures, index), i * area);
  const labels = Uint16Array.from(indices, (index) => pictures.labels[index] ?? 0);
  return { ...pictures, count: indices.length, pixels, labels };
}

/** `[height, width, channels]` of one of them; nothing is copied. */
export function pictureAt(pictures: Pictures, index: number): Uint8Array {
  const area = areaOf(pictures);
  return pictures.pixels.subarray(index * area, (index + 1) * area);
}

/** The pixels as numbers in [0, 1], as the nets take them in training. */
export function scaled({ pixels }: Pick<Pictures, 'pixels'>): Float32Array {
  // A loop: `Float32Array.from` with a function takes longer than the step that it feeds.
  const numbers = new Float32Array(pixels.length);
  for (let i = 0; i < numbers.length; i++) numbers[i] = (pixels[i] ?? 0) / 255;
  return numbers;
}

/** How pictures are changed each time that they are learned from: as the same thing may look another time. */
export interface Augmentation {
  /** At most so many pixels up, down, left or right; the border is repeated. Default 0. */
  readonly shift?: number;
  /** Half of them mirrored left to right. Default false. */
  readonly mirror?: boolean;
  /** Darker or brighter by at most this factor less 1. Default 0. */
  readonly brightness?: number;
}

/** Pictures as numbers in [0, 1]; what the net should answer is the class or, for `self`, the picture itself. */
export function pictureExamples(
  pictures: Pictures,
  targets: 'class' | 'self',
  augmentation: Augmentation = {},
): Examples {
  const { height, width, channels } = pictures;
  return {
    count: pictures.count,
    take(indices, random) {
      const picked = pick(pictures, indices);
      const data = random ? augmented(picked, augmentation, random) : scaled(picked);
      const inputs = { shape: [picked.count, height, width, channels], data };
      if (targets === 'self') return { inputs, targets: inputs };
      return { inputs, targets: { shape: [picked.count], data: Float32Array.from(picked.labels) } };
    },
  };
}

function augmented(pictures: Pictures, augmentation: Augmentation, random: Random): Float32Array {
  const { shift = 0, mirror = false, brightness = 0 } = augmentation;
  const { count, height, width, channels, pixels } = pictures;
  const numbers = new Float32Array(pixels.length);
  const area = areaOf(pictures);
  const upTo = (limit: number) => Math.floor(random() * (2 * limit + 1)) - limit;
  for (let i = 0; i < count; i++) {
    const [down, right, mirrored] = [upTo(shift), upTo(shift), mirror && random() < 0.5];
    const gain = (1 + (random() * 2 - 1) * brightness) / 255;
    for (let y = 0; y < height; y++) {
      const row = i * area + clamped(y - down, height) * width * channels;
      for (let x = 0; x < width; x++) {
        const column = clamped(x - right, width);
        const from = row + (mirrored ? width - 1 - column : column) * channels;
        const to = i * area + (y * width + x) * channels;
        for (let c = 0; c < channels; c++) numbers[to + c] = Math.min(1, (pixels[from + c] ?? 0) * gain);
      }
    }
  }
  return numbers;
}

function clamped(at: number, size: number): number {
  return Math.min(size - 1, Math.max(0, at));
}

function areaOf({ height, width, channels }: Pictures): number {
  return height * width * channels;
}
