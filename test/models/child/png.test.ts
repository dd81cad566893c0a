import fc from 'fast-check';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { decodePng } from '../../../src/models/child/png.ts';

const maxPixels = 1 << 20;

/** What sharp reads, to compare with. */
async function bySharp(png: Buffer): Promise<Buffer> {
  return sharp(png, { ignoreIcc: true }).toColourspace('srgb').removeAlpha().raw().toBuffer();
}

function rgb(png: Uint8Array): Uint8Array {
  const pixels = decodePng(png, maxPixels);
  if (!pixels) throw new Error('left to sharp');
  const { data, width, height, stride } = pixels;
  return Uint8Array.from({ length: width * height * 3 }, (_, i) => {
    const at = Math.floor(i / 3) * stride;
    return data[stride < 3 ? at : at + (i % 3)] ?? 0;
  });
}

describe('decodePng', () => {
  it('reads what sharp reads: grey, colour, alpha, palettes and every filter', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 40 }),
        fc.constantFrom(1, 2, 3, 4),
        fc.boolean(),
        fc.constantFrom('noise', 'slope', 'flat'),
        fc.nat(255),
        async (width, height, channels, adaptiveFiltering, kind, seed) => {
          const data = Buffer.from({ length: width * height * channels } as ArrayLike<number>);
          for (let i = 0; i < data.length; i++) {
            data[i] =
              kind === 'noise'
                ? Math.imul(i + 1, 2654435761 + seed) >>> 24
                : kind === 'slope'
                  ? (i * 3 + seed) & 255
                  : seed;
          }
          const raw = { width, height, channels: channels as 1 | 2 | 3 | 4 };
          let image = sharp(data, { raw });
          if (channels < 3) image = image.toColourspace('b-w');
          const png = await image.png({ adaptiveFiltering, compressionLevel: seed % 10 }).toBuffer();
          expect(Buffer.from(rgb(png)).equals(await bySharp(png))).toBe(true);
        },
      ),
      { numRuns: 150 },
    );
  });

  it('reads a palette', async () => {
    const raw = { width: 32, height: 16, channels: 3 } as const;
    const data = Buffer.from(Array.from({ length: 32 * 16 * 3 }, (_, i) => (i % 7) * 30));
    // More than 16 colours are written with 8 bits an entry, which is the kind that is read here.
    const png = await sharp(data, { raw }).png({ palette: true, colours: 200, dither: 0 }).toBuffer();
    const indexed = png.readUInt8(25) === 3 && png.readUInt8(24) === 8;
    if (indexed) expect(Buffer.from(rgb(png)).equals(await bySharp(png))).toBe(true);
    else expect(decodePng(png, maxPixels)).toBeUndefined();
  });

  it('leaves 16 bits and interlacing to sharp', async () => {
    const image = sharp({ create: { width: 9, height: 9, channels: 3, background: 'red' } });
    expect(decodePng(await image.clone().png({ progressive: true }).toBuffer(), maxPixels)).toBeUndefined();
    expect(decodePng(await image.clone().toColourspace('rgb16').png().toBuffer(), maxPixels)).toBeUndefined();
  });

  it('refuses every cut and every flipped bit', async () => {
    const data = Buffer.from(Array.from({ length: 12 * 12 }, (_, i) => (i * 7) & 255));
    const png = await sharp(data, { raw: { width: 12, height: 12, channels: 1 } })
      .toColourspace('b-w')
      .png()
      .toBuffer();
    for (let length = 8; length < png.length - 12; length++) {
      expect(() => decodePng(png.subarray(0, length), maxPixels)).toThrow(/^Expected/);
    }
    // The signature is sniffed before; behind the picture there is only the end mark.
    for (let bit = 8 * 8; bit < (png.length - 12) * 8; bit++) {
      const damaged = Buffer.from(png);
      damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(() => decodePng(damaged, maxPixels), `bit ${bit}`).toThrow(/^Expected/);
    }
  });

  it('refuses a picture of more pixels than allowed before it decompresses anything', async () => {
    const bomb = await sharp({ create: { width: 5000, height: 5000, channels: 3, background: 'black' } })
      .png()
      .toBuffer();
    const before = process.memoryUsage.rss();
    expect(() => decodePng(bomb, 1_000_000)).toThrow(
      'Expected a picture of 1 to 1000000 pixels but received one of 5000 x 5000',
    );
    expect(process.memoryUsage.rss() - before).toBeLessThan(20e6);
  });
});
