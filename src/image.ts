import { GatewayError } from './errors.ts';

/** A rectangle relative to the whole picture: every number in [0, 1], origin top left. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Intersection over union: the area of both by that of either. */
export function overlap(a: Box, b: Box): number {
  const width = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
  const height = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
  if (width <= 0 || height <= 0) return 0;
  const both = width * height;
  return both / (a.width * a.height + b.width * b.height - both);
}

/** Relative to a picture or a region of it; what a detector sees beside it may lie outside [0, 1]. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** By name, as `left-eye`: of the person, not of the picture. */
export type Landmarks = Readonly<Record<string, Point>>;

export type ImageFormat = 'jpeg' | 'png' | 'webp' | 'raw';

/** Size of uncompressed pixels, row by row, channels interleaved: `height * width * channels` bytes. */
export interface RawSize {
  readonly width: number;
  readonly height: number;
  /** 1 is grey, 3 is RGB. */
  readonly channels: 1 | 3;
}

/**
 * A picture as it came, still encoded, and the region of it that is meant. The daemon only carries it;
 * it is decoded in the process of a model.
 */
export class Image {
  readonly data: Uint8Array;
  readonly format: ImageFormat;
  /** Only with format `raw`. */
  readonly raw: RawSize | undefined;
  /** The part that is meant, relative to the whole picture; without it the whole. */
  readonly region: Box | undefined;
  /** By which a model that was trained on aligned pictures turns and scales it; relative to the whole picture. */
  readonly landmarks: Landmarks | undefined;

  constructor(options: {
    data: Uint8Array;
    format: ImageFormat;
    raw?: RawSize | undefined;
    region?: Box | undefined;
    landmarks?: Landmarks | undefined;
  }) {
    this.data = options.data;
    this.format = options.format;
    this.raw = options.raw;
    this.region = options.region;
    this.landmarks = options.landmarks;
  }

  /**
   * The part of this image inside `box`, which is relative to this image: crops of crops compose.
   * Nothing is copied or decoded. What lies outside the picture is cut off.
   * @throws REQUEST_INVALID if nothing of the picture is left.
   */
  crop(box: Box): Image {
    const outer = this.region ?? { x: 0, y: 0, width: 1, height: 1 };
    const left = Math.max(0, box.x);
    const top = Math.max(0, box.y);
    const right = Math.min(1, box.x + box.width);
    const bottom = Math.min(1, box.y + box.height);
    if (!(right > left && bottom > top)) {
      throw new GatewayError(
        'REQUEST_INVALID',
        `Expected a box that overlaps the picture for crop but received ${JSON.stringify(box)}`,
      );
    }
    const region = {
      x: outer.x + left * outer.width,
      y: outer.y + top * outer.height,
      width: (right - left) * outer.width,
      height: (bottom - top) * outer.height,
    };
    const { data, format, raw, landmarks } = this;
    return new Image({ data, format, raw, region, landmarks });
  }

  /** This image with landmarks that are relative to the whole picture. */
  withLandmarks(landmarks: Landmarks): Image {
    const { data, format, raw, region } = this;
    return new Image({ data, format, raw, region, landmarks });
  }

  /** This image to be aligned by `landmarks`, which are relative to it as those of a detection are. */
  aligned(landmarks: Landmarks): Image {
    const outer = this.region ?? { x: 0, y: 0, width: 1, height: 1 };
    const whole = Object.entries(landmarks).map(([name, { x, y }]): [string, Point] => [
      name,
      { x: outer.x + x * outer.width, y: outer.y + y * outer.height },
    ]);
    return this.withLandmarks(Object.fromEntries(whole));
  }
}

/** The format that the first bytes show, or `undefined` where they show none that edgeward reads. */
export function sniffFormat(data: Uint8Array): Exclude<ImageFormat, 'raw'> | undefined {
  const startsWith = (at: number, ...bytes: number[]) => bytes.every((byte, i) => data[at + i] === byte);
  if (startsWith(0, 0xff, 0xd8, 0xff)) return 'jpeg';
  if (startsWith(0, 0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)) return 'png';
  if (startsWith(0, 0x52, 0x49, 0x46, 0x46) && startsWith(8, 0x57, 0x45, 0x42, 0x50)) return 'webp';
  return undefined;
}
