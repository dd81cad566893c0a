import { GatewayError } from '../../errors.ts';

/** A picture that cannot be judged, said in the one form that all errors have. */
export function invalidPicture(expected: string, received: string, cause?: unknown): GatewayError {
  return new GatewayError(
    'FRAME_INVALID',
    `Expected ${expected} but received ${received}`,
    cause === undefined ? {} : { cause },
  );
}

/** @throws FRAME_INVALID if there is nothing, or more than `maxPixels`, to decode. */
export function checkSize(width: number, height: number, maxPixels: number): void {
  if (width < 1 || height < 1 || width * height > maxPixels) {
    throw invalidPicture(`a picture of 1 to ${maxPixels} pixels`, `one of ${width} x ${height}`);
  }
}
