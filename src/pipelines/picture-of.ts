import { GatewayError } from '../errors.ts';
import type { Image } from '../image.ts';
import type { Frame } from './frame.ts';

/** @throws FRAME_INVALID for a frame that is no picture. */
export function pictureOf({ image, contentType }: Frame, pipeline: string): Image {
  if (image) return image;
  throw new GatewayError('FRAME_INVALID', `Expected a picture for ${pipeline} but received ${contentType}`);
}
