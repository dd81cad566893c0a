import type { Box, Image } from '../../image.ts';
import type { Detection, Model } from '../../models/model.ts';

/** A face that was found and turned into numbers. */
export interface Face {
  readonly embedding: Float32Array;
  /** Of the bundle that made them: numbers of another are not comparable. */
  readonly digest: string;
  readonly score: number;
}

export interface FaceOptions {
  readonly minScore: number;
  /** Least side of a face, pixels of the picture. */
  readonly minPixels: number;
}

export interface FaceModels {
  readonly face: Model;
  readonly embedder: Model;
}

/**
 * The greatest face in `image`, aligned by its landmarks; `undefined` where there is none that is good enough.
 * @throws as `Model.infer`
 */
export async function readFace(
  image: Image,
  { face, embedder }: FaceModels,
  { minScore, minPixels }: FaceOptions,
): Promise<Face | undefined> {
  const { detections = [], picture } = await face.infer(image);
  const region = image.region ?? { width: 1, height: 1 };
  const [width, height] = [(picture?.width ?? 0) * region.width, (picture?.height ?? 0) * region.height];
  const good = detections.filter(
    ({ score, box }) => score >= minScore && Math.min(box.width * width, box.height * height) >= minPixels,
  );
  const [greatest] = good.sort((a, b) => areaOf(b) - areaOf(a));
  if (!greatest) return undefined;
  const { box, landmarks, score } = greatest;
  const meant = image.crop(square(box, width / height));
  const aligned = landmarks ? inside(image, landmarks, meant) : meant;
  const { embedding, model } = await embedder.infer(aligned);
  return embedding && { embedding, digest: model.digest, score };
}

/** Landmarks are relative to `image`; the crop carries them for a model that aligns, and is used by one that does not. */
function inside(image: Image, landmarks: NonNullable<Detection['landmarks']>, crop: Image): Image {
  const { landmarks: whole } = image.aligned(landmarks);
  return crop.withLandmarks(whole ?? {});
}

/** The face with what is around it, as wide as high in pixels. */
function square({ x, y, width, height }: Box, aspect: number): Box {
  const side = 1.3 * Math.max(width * aspect, height);
  const [w, h] = [side / aspect, side];
  return { x: x + width / 2 - w / 2, y: y + height / 2 - h / 2, width: w, height: h };
}

/** Where the face of a standing or sitting person is, with room around it. */
export function headOf({ x, y, width, height }: Box): Box {
  const room = 0.15 * height;
  return { x: x - 0.1 * width, y: y - room, width: 1.2 * width, height: 0.6 * height + room };
}

function areaOf({ box }: Detection): number {
  return box.width * box.height;
}

/** As configured, or else as the bundle of the face detector says. */
export function faceLimits(
  { minScore, minPixels }: { readonly minScore: number | null; readonly minPixels: number },
  { manifest }: Model,
): FaceOptions {
  return { minScore: minScore ?? manifest?.thresholds?.score ?? 0.6, minPixels };
}
