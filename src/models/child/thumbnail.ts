import type { Thumbnail } from '../model.ts';
import { unpackImage, type WireError, type WireImages, wireError } from '../protocol.ts';
import { decode } from './decode.ts';
import type { Pixels } from './resize.ts';

/** Pixels of a side that become one: the noise of a sensor goes, what a person moves stays. */
const block = 8;

export async function thumbnails(images: WireImages, maxPixels: number): Promise<(Thumbnail | WireError)[]> {
  const made: (Thumbnail | WireError)[] = [];
  for (const i of images.data.keys()) {
    try {
      made.push(thumbnail(await decode(unpackImage(images, i), 'grey', maxPixels)));
    } catch (error) {
      made.push(wireError(error, 'FRAME_INVALID'));
    }
  }
  return made;
}

/** Means over blocks of 8 by 8 pixels of luma; of a picture in colour the green, which is most of it. */
function thumbnail(pixels: Pixels): Thumbnail {
  const { width, height } = pixels;
  const size = {
    width: Math.max(1, Math.floor(width / block)),
    height: Math.max(1, Math.floor(height / block)),
  };
  return { ...size, data: blockMeans(pixels, size) };
}

function blockMeans(pixels: Pixels, size: Pick<Thumbnail, 'width' | 'height'>): Uint8Array {
  const { data, width, height, stride } = pixels;
  const inWords = stride === 1 && width % block === 0 && height >= block && data.byteOffset % 4 === 0;
  return inWords ? meansOfWords(data, size) : meansOfBytes(pixels, size);
}

/** Four pixels at a time, which takes a quarter of the time: the gate looks at every frame of every camera. */
function meansOfWords(data: Uint8Array, { width, height }: Pick<Thumbnail, 'width' | 'height'>): Uint8Array {
  const words = new Uint32Array(data.buffer, data.byteOffset, data.length >> 2);
  const line = width * 2;
  const out = new Uint8Array(width * height);
  for (let i = 0; i < out.length; i++) {
    let from = Math.floor(i / width) * block * line + (i % width) * 2;
    // Two sums of 16 bits each: every second pixel of 64 adds up to at most 8,160.
    let sums = 0;
    for (let y = 0; y < block; y++, from += line) {
      const [left, right] = [words[from] ?? 0, words[from + 1] ?? 0];
      sums += (left & 0xff00ff) + ((left >>> 8) & 0xff00ff) + (right & 0xff00ff) + ((right >>> 8) & 0xff00ff);
    }
    out[i] = ((sums & 0xffff) + (sums >>> 16) + 32) >> 6;
  }
  return out;
}

function meansOfBytes(
  { data, width, height, stride, colour }: Pixels,
  size: Pick<Thumbnail, 'width' | 'height'>,
): Uint8Array {
  const channel = colour === 'grey' ? 0 : 1;
  const [w, h] = [Math.min(block, width), Math.min(block, height)];
  const out = new Uint8Array(size.width * size.height);
  for (let i = 0; i < out.length; i++) {
    const [row, column] = [Math.floor(i / size.width) * block, (i % size.width) * block];
    let sum = 0;
    for (let y = 0; y < h; y++) {
      let from = ((row + y) * width + column) * stride + channel;
      for (let x = 0; x < w; x++, from += stride) sum += data[from] ?? 0;
    }
    out[i] = Math.round(sum / (w * h));
  }
  return out;
}
