import type sharp from 'sharp';
import { invalidPicture } from './invalid.ts';
import type { Pixels } from './resize.ts';

type Sharp = typeof sharp;

export interface PixelSize {
  readonly width: number;
  readonly height: number;
}

/** Loaded by the first picture that needs it: a child that sees only JPEG keeps some 40 MB free. */
let loading: Promise<Sharp> | undefined;

function loadSharp(): Promise<Sharp> {
  loading ??= import('sharp').then(({ default: library }) => {
    library.cache(false);
    library.concurrency(1);
    return library;
  });
  return loading;
}

/**
 * RGB of a picture in any of the formats that libvips reads: the caller has checked that it is one of ours.
 * As the picture is stored: neither turned by EXIF nor converted by a colour profile; alpha is dropped.
 * @throws FRAME_INVALID if it is damaged or has more than `maxPixels`.
 */
export async function decodeAny(data: Uint8Array, maxPixels: number): Promise<Pixels> {
  const open = await loadSharp();
  const options = { failOn: 'warning', limitInputPixels: maxPixels, ignoreIcc: true } as const;
  const { data: pixels, info } = await open(data, options)
    .toColourspace('srgb')
    .removeAlpha()
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true })
    .catch(refuse);
  if (info.channels !== 3) throw invalidPicture('a picture of 3 channels', `${info.channels}`);
  return { data: pixels, width: info.width, height: info.height, stride: 3, colour: 'rgb' };
}

/**
 * A JPEG of a part of `pixels`, scaled to `size`, under an SVG drawing of that size. Enlarging keeps hard
 * edges: what was judged are these pixels and no smoother picture.
 */
export async function drawOver(
  pixels: Pixels,
  part: PixelSize & { readonly left: number; readonly top: number },
  svg: string,
  size: PixelSize,
): Promise<Uint8Array> {
  const open = await loadSharp();
  const raw = { width: pixels.width, height: pixels.height, channels: pixels.stride } as const;
  const kernel = size.width > part.width ? 'nearest' : 'cubic';
  const data = await open(pixels.data, { raw })
    .extract(part)
    .removeAlpha()
    .toColourspace('srgb')
    .resize({ ...size, kernel, fit: 'fill' })
    .composite([{ input: Buffer.from(svg) }])
    .jpeg({ quality: 85 })
    .toBuffer();
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

function refuse(cause: unknown): never {
  const reason = cause instanceof Error ? cause.message.split('\n', 1)[0] : String(cause);
  throw invalidPicture('a picture that can be decoded', `one that cannot: ${reason}`, cause);
}
