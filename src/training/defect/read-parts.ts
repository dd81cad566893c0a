import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { whyUnreadable } from '../../config/files.ts';
import { GatewayError } from '../../errors.ts';
import { type Box, Image, sniffFormat } from '../../image.ts';
import { decode } from '../../models/child/decode.ts';
import { resize } from '../../models/child/resize.ts';
import type { Pictures } from '../pictures.ts';
import { patchNet } from './patch-net.ts';

const picture = /\.(jpe?g|png|webp)$/i;
const natural = new Intl.Collator('en', { numeric: true });
const maxPixels = 2 ** 26;
/** Two gigabytes of pixels, about. */
const mostPictures = 10_000;
const { side } = patchNet;

/** Paths of the pictures in a folder, in natural order. @throws DATASET_INVALID if there are none or too many. */
export async function partFiles(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((cause: unknown) => {
    throw invalid('a folder of pictures', folder, whyUnreadable(cause), cause);
  });
  const found = names.filter((name) => picture.test(name)).sort(natural.compare);
  if (found.length === 0 || found.length > mostPictures) {
    throw invalid(`1 to ${mostPictures} pictures`, folder, String(found.length));
  }
  return found.map((name) => join(folder, name));
}

/**
 * Pictures at the size that the patch net takes; of each the part inside `crop`, where one is given.
 * @throws DATASET_INVALID naming the file that cannot be decoded.
 */
export async function readParts(files: readonly string[], crop?: Box): Promise<Pictures> {
  const area = side * side * 3;
  const pixels = new Uint8Array(files.length * area);
  for (const [i, file] of files.entries()) {
    try {
      const data = await readFile(file);
      const format = sniffFormat(data);
      if (!format) throw invalid('a JPEG, PNG or WebP', file, 'other bytes');
      const image = new Image({ data, format });
      const { region } = crop ? image.crop(crop) : image;
      resize(await decode(image, 'rgb', maxPixels), region, partInput, pixels, i * area);
    } catch (cause) {
      if (cause instanceof GatewayError && cause.code === 'DATASET_INVALID') throw cause;
      throw invalid('a picture', file, cause instanceof Error ? cause.message : String(cause), cause);
    }
  }
  return {
    count: files.length,
    width: side,
    height: side,
    channels: 3,
    pixels,
    labels: new Uint16Array(files.length),
  };
}

/** Where parts are bad, of every file: `[256, 256]` in [0, 1]; white in the mask is bad. */
export async function readMasks(files: readonly string[], crop?: Box): Promise<Float32Array[]> {
  const { pixels } = await readParts(files, crop);
  const area = side * side;
  return files.map((_, i) =>
    Float32Array.from({ length: area }, (_, k) => (pixels[(i * area + k) * 3] ?? 0) / 255),
  );
}

/** As bundles of part models declare their input. */
export const partInput = {
  kind: 'picture',
  width: side,
  height: side,
  colour: 'rgb',
  layout: 'nhwc',
  type: 'uint8',
  resize: 'fill',
} as const;

function invalid(expected: string, what: string, received: string, cause?: unknown): GatewayError {
  return new GatewayError('DATASET_INVALID', `Expected ${expected} for ${what} but received ${received}`, {
    cause,
  });
}
