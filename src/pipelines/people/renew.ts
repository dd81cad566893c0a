import { Image, sniffFormat } from '../../image.ts';
import { type FaceModels, type FaceOptions, readFace } from './face.ts';
import type { Gallery } from './gallery.ts';

/** Numbers of another bundle than the one that runs are of no use: they are made anew from the pictures. */
export async function renewGallery(
  gallery: Gallery,
  digest: string,
  models: FaceModels,
  limits: FaceOptions,
): Promise<void> {
  if (!gallery.lacks(digest)) return;
  await gallery.renew(digest, async (data) => {
    const format = sniffFormat(data);
    const face = format && (await readFace(new Image({ data, format }), models, limits));
    return face?.digest === digest ? face.embedding : undefined;
  });
}
