import type { Box, Image, Landmarks } from '../image.ts';
import type { Manifest } from './manifest.ts';

/** Which artefact answered: enough to find the very same bytes again. */
export interface ModelRef {
  readonly name: string;
  /** Semantic version. */
  readonly version: string;
  /** `sha256:` and 64 hexadecimal digits, of the bundle file. */
  readonly digest: string;
}

/** One sample without its batch dimension: `data.length` is the product of `shape`. */
export interface Tensor {
  readonly data: Float32Array | Uint8Array;
  readonly shape: readonly number[];
}

/** One sample for a net that takes numbers, by input name. */
export type Tensors = Readonly<Record<string, Tensor>>;

export interface ClassScore {
  readonly label: string;
  readonly index: number;
  /** Probability in [0, 1]. */
  readonly score: number;
}

export interface Timing {
  /** From `infer` to the start of the batch, ms. */
  readonly queueMs: number;
  /** Decoding and resizing of the whole batch, ms. */
  readonly decodeMs: number;
  /** The run of the net on the whole batch, ms. */
  readonly inferMs: number;
  readonly batchSize: number;
}

/** One thing that a detector sees. */
export interface Detection {
  readonly label: string;
  readonly index: number;
  /** In [0, 1]. */
  readonly score: number;
  /** Relative to the image that was asked about, so that `image.crop(box)` is the thing. */
  readonly box: Box;
  /** Relative likewise, so that `image.aligned(landmarks)` is meant; where the detector tells points. */
  readonly landmarks?: Landmarks;
}

/** A small grey picture: luma of a picture at about an eighth of its size, row by row. */
export interface Thumbnail {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** What a model says of one input, decoded as its bundle prescribes. */
export interface Outputs {
  readonly model: ModelRef;
  /** With decoding `classes`: best first, as many as the bundle's `top`. */
  readonly classes?: readonly ClassScore[];
  /** Of a detector: best first, after suppression. */
  readonly detections?: readonly Detection[];
  /** With decoding `embedding`: of unit length, so that the cosine of two is their scalar product. */
  readonly embedding?: Float32Array;
  /** With decoding `tensor`: by output name, real numbers. */
  readonly tensors?: Readonly<Record<string, Tensor>>;
  /** Pixel size of the picture before cropping and resizing. */
  readonly picture?: { readonly width: number; readonly height: number };
  readonly timing: Timing;
}

/** What to draw over a picture. */
export interface Mark {
  /** Without box and outline the label stands at the top of the picture. */
  readonly box?: Box;
  /** Corners `[x, y]` of a polygon in parts of the picture. */
  readonly outline?: readonly (readonly [number, number])[];
  /** May be empty. */
  readonly label: string;
  /** Of a verdict, or of an outline: a `zone` is tinted, a `mask` darkened. */
  readonly tone: 'ok' | 'warn' | 'alarm' | 'zone' | 'mask';
  /** Drawn over the box, or the whole picture, see-through: row by row, 0 is clear and 255 hot. */
  readonly heat?: { readonly width: number; readonly height: number; readonly data: Uint8Array };
}

/**
 * The part of an `AbortSignal` that a call uses. Real ones are expensive: one for each frame, with its listener, would
 * be a tenth of the daemon's time on a small net.
 */
export interface Cancellation {
  readonly aborted: boolean;
  readonly reason: unknown;
  throwIfAborted(): void;
  addEventListener(type: 'abort', listener: () => void, options?: { once?: boolean }): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/** A loaded model. Calls in flight at once merge into batches. */
export interface Model {
  readonly name: string;
  readonly version: string;
  /** What the loaded bundle says of itself; absent while none is loaded. */
  readonly manifest?: Manifest | undefined;
  /**
   * @throws FRAME_INVALID if the picture cannot be decoded, MODEL_QUEUE_FULL, MODEL_TIMEOUT, MODEL_CRASHED
   * (after one more try elsewhere), MODEL_UNAVAILABLE, or the reason of `signal`.
   */
  infer(input: Image | Tensors, options?: { signal?: Cancellation }): Promise<Outputs>;
  /** The picture small and grey, which costs a small part of an inference. Throws as `infer` does. */
  thumbnail(image: Image, options?: { signal?: Cancellation }): Promise<Thumbnail>;
  /** A JPEG of the picture with the marks drawn on it. Throws as `infer` does. */
  annotate(image: Image, marks: readonly Mark[], options?: { signal?: Cancellation }): Promise<Uint8Array>;
}
