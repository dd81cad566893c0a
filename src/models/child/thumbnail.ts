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
function thumbnail({ data, width, height, stride, colour }: Pixels): Thumbnail {
  const [columns, rows] = [Math.max(1, Math.floor(width / block)), Math.max(1, Math.floor(height / block))];
  const channel = colour === 'grey' ? 0 : 1;
  const [w, h] = [Math.min(block, width), Math.min(block, height)];
  const out = new Uint8Array(columns * rows);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      let sum = 0;
      for (let y = 0; y < h; y++) {
        let from = ((row * block + y) * width + column * block) * stride + channel;
        for (let x = 0; x < w; x++, from += stride) sum += data[from] ?? 0;
      }
      out[row * columns + column] = Math.round(sum / (w * h));
    }
  }
  return { width: columns, height: rows, data: out };
}
