import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Image } from '../../../src/image.ts';
import { thumbnails } from '../../../src/models/child/thumbnail.ts';
import { packImages } from '../../../src/models/protocol.ts';

const picture = fc
  .record({
    width: fc.integer({ min: 1, max: 40 }),
    height: fc.integer({ min: 1, max: 40 }),
    channels: fc.constantFrom(1 as const, 3 as const),
    seed: fc.integer({ min: 1, max: 1e6 }),
    /** Bytes that stand before the picture in its memory. */
    shift: fc.integer({ min: 0, max: 3 }),
  })
  .map(({ seed, shift, ...raw }) => {
    const memory = new Uint8Array(shift + raw.width * raw.height * raw.channels);
    let state = seed;
    const data = memory.subarray(shift).map(() => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state >>> 24;
    });
    memory.set(data, shift);
    return { data: memory.subarray(shift), raw };
  });

describe('thumbnails', () => {
  it('are means of blocks of 8 by 8 pixels, whatever the size and wherever the bytes lie', async () => {
    await fc.assert(
      fc.asyncProperty(picture, async ({ data, raw }) => {
        const image = new Image({ data, format: 'raw', raw });
        // As it came over the channel: the view at its place.
        const [small] = await thumbnails({ ...packImages([image]), data: [data] }, 1e6);
        if (!small || !('data' in small)) throw new Error('Expected a thumbnail');
        const { width, height, channels } = raw;
        expect([small.width, small.height]).toEqual([Math.max(1, width >> 3), Math.max(1, height >> 3)]);
        for (const [i, mean] of small.data.entries()) {
          const [left, top] = [(i % small.width) * 8, Math.floor(i / small.width) * 8];
          let [sum, count] = [0, 0];
          for (let y = top; y < Math.min(top + 8, height); y++) {
            for (let x = left; x < Math.min(left + 8, width); x++, count++) {
              sum += data[(y * width + x) * channels + (channels === 3 ? 1 : 0)] ?? 0;
            }
          }
          expect(mean).toBe(Math.round(sum / count));
        }
      }),
    );
  });

  it('are exact for the greatest sums', async () => {
    const raw = { width: 64, height: 64, channels: 1 as const };
    const image = new Image({ data: new Uint8Array(64 * 64).fill(255), format: 'raw', raw });
    const [small] = await thumbnails(packImages([image]), 1e6);
    expect(small).toMatchObject({ data: new Uint8Array(64).fill(255) });
  });
});
