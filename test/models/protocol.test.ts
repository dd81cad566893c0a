import { deserialize, serialize } from 'node:v8';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GatewayError } from '../../src/errors.ts';
import { Image } from '../../src/image.ts';
import { fromWire, packImages, unpackImage, wireError } from '../../src/models/protocol.ts';

const fraction = fc.double({ min: 0, max: 1, noNaN: true });
const region = fc.record({ x: fraction, y: fraction, width: fraction, height: fraction });
const size = fc.integer({ min: 1, max: 65_535 });
const raw = fc.record({ width: size, height: size, channels: fc.constantFrom(1 as const, 3 as const) });
const image = fc
  .record({
    data: fc.uint8Array({ maxLength: 20 }),
    format: fc.constantFrom('jpeg', 'png', 'webp', 'raw'),
    raw,
    region: fc.option(region, { nil: undefined }),
  })
  .map((parts) => new Image({ ...parts, raw: parts.format === 'raw' ? parts.raw : undefined }));
const whole = { x: 0, y: 0, width: 1, height: 1 };

describe('images', () => {
  it('cross to the process of a model as they are', () => {
    fc.assert(
      fc.property(fc.array(image, { maxLength: 6 }), (images) => {
        const packed = deserialize(serialize(packImages(images))) as ReturnType<typeof packImages>;
        const some = images.some((each) => each.region);
        for (const [i, { data, format, raw, region }] of images.entries()) {
          // Where one of a batch has a region, the whole picture is the region of the others.
          expect(unpackImage(packed, i)).toEqual(
            new Image({ data, format, raw, region: region ?? (some ? whole : undefined) }),
          );
        }
      }),
    );
  });

  it('cross without the memory that they are a part of', () => {
    const pool = Buffer.alloc(1 << 20);
    const data = pool.subarray(1000, 1100);
    const message = serialize(packImages([new Image({ data, format: 'jpeg' })]));
    expect(message.length).toBeLessThan(500);
  });
});

describe('errors', () => {
  it('cross with their code, text and details', () => {
    const error = new GatewayError('MODEL_GOLDEN_MISMATCH', 'Expected 1 but received 2', {
      details: { index: 4 },
    });
    const crossed = fromWire(deserialize(serialize(wireError(error, 'MODEL_LOAD_FAILED'))));
    expect(crossed).toMatchObject({ code: error.code, message: error.message, details: error.details });
    expect(wireError(new RangeError('boo'), 'MODEL_LOAD_FAILED')).toEqual({
      code: 'MODEL_LOAD_FAILED',
      message: 'boo',
    });
  });
});
