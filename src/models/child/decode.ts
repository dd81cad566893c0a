import { type Image, sniffFormat } from '../../image.ts';
import type { PictureInput } from '../manifest.ts';
import { checkSize, invalidPicture } from './invalid.ts';
import { decodeJpeg } from './jpeg.ts';
import { decodeAny } from './picture.ts';
import { decodePng } from './png.ts';
import type { Pixels } from './resize.ts';

/** An `Image` as it crosses to the child: structured clone keeps the fields and not the class. */
export type EncodedImage = Pick<Image, 'data' | 'format' | 'raw' | 'region'>;

/**
 * The pixels of a whole picture, whatever its region, in the colour order that costs least to get: that of
 * the net where the decoder can give it. They are valid until the next call.
 * @throws FRAME_INVALID if the picture is damaged, is not of the format it claims, or exceeds `maxPixels`.
 */
export async function decode(
  image: EncodedImage,
  colour: PictureInput['colour'],
  maxPixels: number,
): Promise<Pixels> {
  const { data, format } = image;
  if (format === 'raw') return decodeRaw(image, maxPixels);
  // Also a lock on the other formats that sharp would read: nobody has asked for SVG or TIFF from strangers.
  if (sniffFormat(data) !== format) throw invalidPicture(`the bytes of a ${format} picture`, 'other bytes');
  if (format === 'png') return decodePng(data, maxPixels) ?? decodeAny(data, maxPixels);
  // What libjpeg-turbo refuses gets a second opinion: libvips reads CMYK and passes over the stray bytes
  // that many webcams leave before the end marker, and it says what is wrong with the rest.
  if (format === 'jpeg') return decodeJpeg(data, colour, maxPixels) ?? decodeAny(data, maxPixels);
  return decodeAny(data, maxPixels);
}

function decodeRaw({ data, raw }: EncodedImage, maxPixels: number): Pixels {
  if (!raw) throw invalidPicture('a declared size for raw pixels', 'none');
  const { width, height, channels } = raw;
  checkSize(width, height, maxPixels);
  const bytes = width * height * channels;
  if (data.length !== bytes) {
    throw invalidPicture(`${bytes} bytes for ${width} x ${height} x ${channels}`, `${data.length}`);
  }
  return { data, width, height, stride: channels, colour: channels === 1 ? 'grey' : 'rgb' };
}
