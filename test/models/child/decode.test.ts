import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { Image, type ImageFormat, sniffFormat } from '../../../src/image.ts';
import { decode } from '../../../src/models/child/decode.ts';
import { decodeJpeg, readJpegSize } from '../../../src/models/child/jpeg.ts';

const maxPixels = 1 << 20;
const noisy = { type: 'gaussian', mean: 120, sigma: 40 } as const;

function scene() {
  return sharp({ create: { width: 64, height: 48, channels: 3, background: 'black', noise: noisy } });
}

function image(data: Uint8Array, format: ImageFormat = sniffFormat(data) ?? 'jpeg'): Image {
  return new Image({ data, format });
}

async function refusal(data: Uint8Array, format?: ImageFormat): Promise<string> {
  const outcome = await decode(image(data, format), 'rgb', maxPixels).then(
    () => 'decoded',
    (error: unknown) => error,
  );
  expect(outcome).toMatchObject({
    code: 'FRAME_INVALID',
    message: expect.stringMatching(/^Expected .* but received/),
  });
  return outcome instanceof Error ? outcome.message : '';
}

describe('decode', () => {
  it('gives a JPEG in the colour order that the net wants', async () => {
    const jpeg = await scene().jpeg().toBuffer();
    // Copies, since what is decoded lasts until the next call.
    const rgb = Uint8Array.from((await decode(image(jpeg), 'rgb', maxPixels)).data);
    const bgr = Uint8Array.from((await decode(image(jpeg), 'bgr', maxPixels)).data);
    const grey = await decode(image(jpeg), 'grey', maxPixels);
    expect(grey).toMatchObject({ width: 64, height: 48, stride: 1, colour: 'grey' });
    for (let i = 0; i < 64 * 48; i++) {
      const [r = 0, g = 0, b = 0] = rgb.subarray(i * 3);
      expect([...bgr.subarray(i * 3, i * 3 + 3)]).toEqual([b, g, r]);
      // Clipping makes the luma of the RGB differ from the luma that was stored.
      if (Math.min(r, g, b) > 0 && Math.max(r, g, b) < 255) {
        expect(Math.abs(0.299 * r + 0.587 * g + 0.114 * b - (grey.data[i] ?? 0))).toBeLessThan(3);
      }
    }
  });

  it.each(['webp', 'png'] as const)('reads %s pixel by pixel', async (format) => {
    const pixels = await scene().raw().toBuffer();
    const raw = { width: 64, height: 48, channels: 3 } as const;
    const encoded = await sharp(pixels, { raw }).toFormat(format, { lossless: true }).toBuffer();
    const decoded = await decode(image(encoded), 'rgb', maxPixels);
    expect(Buffer.from(decoded.data).equals(pixels)).toBe(true);
  });

  it('reads the rarer kinds: interlaced and 16-bit PNG, progressive and CMYK JPEG', async () => {
    const kinds = [
      scene().png({ progressive: true }),
      scene().toColourspace('rgb16').png(),
      scene().jpeg({ progressive: true }),
      scene().toColourspace('cmyk').jpeg(),
    ];
    for (const kind of kinds) {
      const decoded = await decode(image(await kind.toBuffer()), 'rgb', maxPixels);
      expect(decoded).toMatchObject({ width: 64, height: 48, stride: 3 });
      expect(new Set(decoded.data).size).toBeGreaterThan(50);
    }
  });

  it('passes over the stray bytes that webcams leave before the end marker', async () => {
    const jpeg = await scene().jpeg().toBuffer();
    const clean = Uint8Array.from((await decode(image(jpeg), 'rgb', maxPixels)).data);
    const stray = Buffer.concat([jpeg.subarray(0, -2), Buffer.of(1, 2, 3), jpeg.subarray(-2)]);
    const decoded = await decode(image(stray), 'rgb', maxPixels);
    const worst = Math.max(...clean.map((byte, i) => Math.abs(byte - (decoded.data[i] ?? 0))));
    // libvips uses the exact transform, libjpeg-turbo's binding the fast one.
    expect(worst).toBeLessThan(24);
  });

  it('takes raw pixels as they are, if there are as many as declared', async () => {
    const raw = { width: 4, height: 2, channels: 3 } as const;
    const data = new Uint8Array(24).fill(9);
    expect(await decode(new Image({ data, format: 'raw', raw }), 'bgr', maxPixels)).toEqual({
      data,
      width: 4,
      height: 2,
      stride: 3,
      colour: 'rgb',
    });
    for (const wrong of [
      new Image({ data: data.subarray(1), format: 'raw', raw }),
      new Image({ data, format: 'raw' }),
    ]) {
      await expect(decode(wrong, 'rgb', maxPixels)).rejects.toMatchObject({ code: 'FRAME_INVALID' });
    }
  });

  it('refuses what is not the format it claims to be, also what sharp would read', async () => {
    const png = await scene().png().toBuffer();
    expect(await refusal(png, 'webp')).toMatch('the bytes of a webp picture');
    expect(await refusal(png, 'jpeg')).toMatch('the bytes of a jpeg picture');
    const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>');
    expect(await refusal(svg, 'webp')).toMatch('the bytes of a webp picture');
  });

  it('refuses truncated pictures of every format', async () => {
    for (const format of ['jpeg', 'png', 'webp'] as const) {
      const whole = await scene().toFormat(format).toBuffer();
      for (let length = 12; length < whole.length * 0.98; length += 7 + Math.floor(whole.length / 50)) {
        await refusal(whole.subarray(0, length), format);
      }
    }
  });

  it('refuses more pixels than allowed, whatever the format', async () => {
    for (const format of ['jpeg', 'png', 'webp'] as const) {
      const create = { width: 1100, height: 1000, channels: 3, background: 'black' } as const;
      const large = await sharp({ create }).toFormat(format).toBuffer();
      expect(await refusal(large, format)).toMatch(/pixel/);
    }
  });
});

describe('readJpegSize', () => {
  it('finds what sharp wrote, behind any metadata', async () => {
    for (const progressive of [true, false]) {
      const jpeg = await scene()
        .resize(321, 123)
        .withMetadata({ density: 300 })
        .jpeg({ progressive })
        .toBuffer();
      expect(readJpegSize(jpeg)).toEqual({ width: 321, height: 123 });
    }
  });

  it('looks for the size where libjpeg does: not in data before the first marker, not behind the scan', () => {
    const frame = [0xff, 0xc0, 0, 11, 8, 0, 5, 0, 6, 1, 1, 0x11, 0];
    const start = [0xff, 0xd8];
    expect(readJpegSize(Uint8Array.from([...start, ...frame]))).toEqual({ width: 6, height: 5 });
    expect(readJpegSize(Uint8Array.from([...start, 1, 0xff, 0, 2, 0xff, 0xff, ...frame]))).toEqual({
      width: 6,
      height: 5,
    });
    // A frame inside the bytes of a comment is text.
    const comment = [0xff, 0xfe, 0, 2 + frame.length, ...frame];
    const other = [0xff, 0xc2, 0, 11, 8, 0, 7, 0, 8, 1, 1, 0x11, 0];
    expect(readJpegSize(Uint8Array.from([...start, ...comment, ...other]))).toEqual({ width: 8, height: 7 });
    for (const end of [0xd8, 0xd9, 0xda]) {
      expect(() => readJpegSize(Uint8Array.from([...start, 0xff, end, ...frame]))).toThrow(/^Expected/);
    }
  });
});

describe('decodeJpeg', () => {
  it('refuses a header of 65535 × 65535 before it reserves memory', async () => {
    const jpeg = await scene().jpeg().toBuffer();
    const at = jpeg.indexOf(Buffer.of(0xff, 0xc0));
    jpeg.writeUInt16BE(65535, at + 5);
    jpeg.writeUInt16BE(65535, at + 7);
    expect(() => decodeJpeg(jpeg, 'rgb', maxPixels)).toThrow('65535 x 65535');
  });

  it('refuses a picture of very many scans, each of which would cost a pass', async () => {
    const jpeg = await scene().jpeg({ progressive: true }).toBuffer();
    const at = jpeg.indexOf(Buffer.of(0xff, 0xda));
    const scans = Array.from({ length: 200 }, () => jpeg.subarray(at, at + 16));
    const bomb = Buffer.concat([jpeg.subarray(0, at), ...scans, jpeg.subarray(at)]);
    expect(() => decodeJpeg(bomb, 'rgb', maxPixels)).toThrow('at most 100 scans');
  });
});
