import { asGatewayError, type Code, GatewayError } from '../errors.ts';
import { type Box, Image, type ImageFormat, type Landmarks, type RawSize } from '../image.ts';
import type { Manifest } from './manifest.ts';
import type { Mark, Tensor, Tensors, Thumbnail } from './model.ts';

/** What a model process is told to load. */
export interface LoadOptions {
  /** Path of the bundle. */
  readonly bundle: string;
  /** Threads of one run. */
  readonly threads: number;
  readonly maxBatch: number;
  /** Width times height of the largest picture that is decoded. */
  readonly maxPixels: number;
}

/** From the daemon to the process of a model, in this order of life: one `load`, any number of jobs, `stop`. */
export type Command =
  | ({ readonly kind: 'load' } & LoadOptions)
  | { readonly kind: 'run'; readonly id: number; readonly inputs: WireInputs }
  | {
      readonly kind: 'annotate';
      readonly id: number;
      readonly image: WireImages;
      readonly marks: readonly Mark[];
    }
  | { readonly kind: 'thumbnails'; readonly id: number; readonly images: WireImages }
  | { readonly kind: 'stop' };

/** From the process of a model to the daemon: `ready` or `failed` once, then an answer a job, in their order. */
export type Answer =
  | { readonly kind: 'ready'; readonly manifest: Manifest; readonly digest: string }
  | { readonly kind: 'failed'; readonly error: WireError }
  | ({ readonly kind: 'ran'; readonly id: number } & BatchResult)
  | { readonly kind: 'annotated'; readonly id: number; readonly jpeg: Uint8Array }
  /** One for each picture. */
  | {
      readonly kind: 'thumbnails';
      readonly id: number;
      readonly thumbnails: readonly (Thumbnail | WireError)[];
    }
  | { readonly kind: 'refused'; readonly id: number; readonly error: WireError }
  /** Resident bytes, every ten seconds. */
  | { readonly kind: 'memory'; readonly rss: number };

export interface WireError {
  readonly code: Code;
  readonly message: string;
  readonly details?: Readonly<Record<string, unknown>>;
}

/**
 * A batch travels as columns: a message of a few typed arrays costs a fifth of one with an object a frame,
 * which at 10,000 frames a second is the difference between noticing and not noticing it.
 */
export type WireInputs =
  | ({ readonly kind: 'images' } & WireImages)
  | { readonly kind: 'tensors'; readonly tensors: readonly Tensors[] };

export interface WireImages {
  readonly data: readonly Uint8Array[];
  readonly formats: readonly ImageFormat[];
  /** Width, height, channels of each; zeros where the format is not `raw`. */
  readonly raw: Uint32Array;
  /** x, y, width, height of each; absent where every picture is meant as a whole. */
  readonly regions?: Float64Array;
  /** Absent where no picture has any. */
  readonly landmarks?: readonly (Landmarks | undefined)[];
}

/** What came of a batch: one row, in order, for each input that was not refused. */
export interface BatchResult {
  /** Rows. */
  readonly size: number;
  /** By index in the batch as it was sent; empty as a rule. */
  readonly refused: readonly (readonly [index: number, error: WireError])[];
  /** `[size, top]`, best first. */
  readonly classes?: { readonly top: number; readonly index: Uint32Array; readonly score: Float32Array };
  /** By output name: `[size, …shape]`. */
  readonly tensors?: Readonly<Record<string, Tensor>>;
  /** By output name: `[size, length]`, each row of unit length. */
  readonly embedding?: Tensor;
  readonly detections?: WireDetections;
  /** Width and height of each picture. */
  readonly pictures?: Uint32Array;
  /** Decoding and resizing, ms. */
  readonly decodeMs: number;
  /** The run of the net, ms. */
  readonly inferMs: number;
}

/** The boxes of all pictures of a batch, one after another, the best of each picture first. */
export interface WireDetections {
  /** Boxes of each picture. */
  readonly counts: Uint32Array;
  /** `[boxes, 4]`: x, y, width, height in parts of the picture (or the region of it) that was asked about. */
  readonly boxes: Float32Array;
  readonly scores: Float32Array;
  /** Of the class. */
  readonly index: Uint32Array;
  /** `[boxes, points, 2]` */
  readonly points?: Float32Array;
}

export function wireError(error: unknown, code: Code): WireError {
  const { code: known, message, details } = asGatewayError(error, code);
  return { code: known, message, ...(details ? { details } : {}) };
}

export function fromWire({ code, message, details }: WireError): GatewayError {
  return new GatewayError(code, message, details ? { details } : {});
}

/** Inputs of one model are of one kind: those of the first. */
export function packInputs(inputs: readonly (Image | Tensors)[]): WireInputs {
  const images: Image[] = [];
  const tensors: Tensors[] = [];
  for (const input of inputs) {
    if (input instanceof Image) images.push(input);
    else tensors.push(input);
  }
  return images.length > 0 ? { kind: 'images', ...packImages(images) } : { kind: 'tensors', tensors };
}

export function packImages(images: readonly Image[]): WireImages {
  const raw = new Uint32Array(images.length * 3);
  const regions = images.some((image) => image.region) ? new Float64Array(images.length * 4) : undefined;
  for (const [i, image] of images.entries()) {
    if (image.raw) raw.set([image.raw.width, image.raw.height, image.raw.channels], i * 3);
    const { x, y, width, height } = image.region ?? { x: 0, y: 0, width: 1, height: 1 };
    regions?.set([x, y, width, height], i * 4);
  }
  return {
    data: images.map((image) => plainView(image.data)),
    formats: images.map((image) => image.format),
    raw,
    ...(regions ? { regions } : {}),
    ...(images.some((image) => image.landmarks) ? { landmarks: images.map((image) => image.landmarks) } : {}),
  };
}

export function unpackImage({ data, formats, raw, regions, landmarks }: WireImages, index: number): Image {
  const bytes = data[index];
  const format = formats[index];
  if (bytes === undefined || format === undefined) throw new RangeError(`No image ${index} in the batch`);
  return new Image({
    data: bytes,
    format,
    raw: format === 'raw' ? rawSize(raw.subarray(index * 3, index * 3 + 3)) : undefined,
    region: regions ? box(regions.subarray(index * 4, index * 4 + 4)) : undefined,
    landmarks: landmarks?.[index],
  });
}

function rawSize([width = 0, height = 0, channels]: Uint32Array): RawSize {
  return { width, height, channels: channels === 3 ? 3 : 1 };
}

function box([x = 0, y = 0, width = 0, height = 0]: Float64Array): Box {
  return { x, y, width, height };
}

/** A Buffer costs the serializer an extra step; of either only the bytes of the view cross, not its pool. */
function plainView(data: Uint8Array): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
