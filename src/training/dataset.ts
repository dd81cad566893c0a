import { createHash } from 'node:crypto';
import type { Tensor } from '../compiler/tensor.ts';
import type { Examples } from './examples.ts';
import { type Augmentation, type Pictures, pictureExamples, slice } from './pictures.ts';

/** What a net is to take: pictures, resized so, whose bytes mean 0 to 1; or rows of numbers. */
export type InputSpec =
  | {
      readonly kind: 'picture';
      readonly width: number;
      readonly height: number;
      readonly colour: 'grey' | 'rgb';
      readonly resize: 'fill' | 'cover' | 'contain';
    }
  | { readonly kind: 'tensor'; readonly shape: readonly number[] };

/** Some of the examples of a dataset. */
export interface Part {
  readonly count: number;
  /** `[count]`, indices of classes; absent where there are none. */
  readonly labels?: Uint16Array;
  /** Where the examples are pictures. */
  readonly pictures?: Pictures;
  examples(augmentation?: Augmentation): Examples;
  /** Examples as the compiled net takes them, from `from` up to but not including `to`: `[n, ...]`. */
  feed(from: number, to: number): Tensor;
}

export interface Dataset {
  readonly name: string;
  /** `sha256:…` of everything in it, so that a model can say what it has seen. */
  readonly digest: string;
  readonly input: InputSpec;
  /** In the order of the class index. */
  readonly labels?: readonly string[];
  readonly training: Part;
  /** Never learned from: judged after every epoch, and what quantization is calibrated and bounded with. */
  readonly heldOut: Part;
  /** Not looked at before the end. */
  readonly test?: Part;
}

export function picturePart(pictures: Pictures, targets: 'class' | 'self'): Part {
  return {
    count: pictures.count,
    ...(targets === 'class' && { labels: pictures.labels }),
    pictures,
    examples: (augmentation) => pictureExamples(pictures, targets, augmentation),
    feed(from, to) {
      const { count, height, width, channels, pixels } = slice(pictures, from, to);
      return { type: 'uint8', dims: [count, height, width, channels], data: pixels };
    },
  };
}

/** Of these bytes, one after another. */
export function digestOf(parts: Iterable<Uint8Array | string>): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return `sha256:${hash.digest('hex')}`;
}
