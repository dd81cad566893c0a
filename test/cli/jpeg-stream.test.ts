import fc from 'fast-check';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { splitJpegs } from '../../src/cli/jpeg-stream.ts';

const noise = { type: 'gaussian', mean: 128, sigma: 60 } as const;

function picture(size: number, options: { progressive?: boolean } = {}): Promise<Buffer> {
  const create = { width: size, height: size, channels: 3, background: 'black', noise } as const;
  return sharp({ create }).jpeg(options).toBuffer();
}

/** A segment with a whole JPEG in it, as the thumbnail that cameras put into Exif. */
function withThumbnail(jpeg: Buffer, thumbnail: Buffer): Buffer {
  const head = Buffer.from([0xff, 0xe1, (thumbnail.length + 2) >> 8, (thumbnail.length + 2) & 0xff]);
  return Buffer.concat([jpeg.subarray(0, 2), head, thumbnail, jpeg.subarray(2)]);
}

async function split(...chunks: Buffer[]): Promise<Buffer[]> {
  async function* stream() {
    yield* chunks;
  }
  const all: Buffer[] = [];
  for await (const one of splitJpegs(stream())) all.push(one);
  return all;
}

const small = await picture(8);
const pictures = [
  small,
  await picture(64),
  await picture(64, { progressive: true }),
  withThumbnail(await picture(48), small),
];

describe('a motion JPEG stream', () => {
  it('falls into its pictures wherever it is cut, thumbnails and progressive scans included', async () => {
    const whole = Buffer.concat(pictures);
    const cuts = fc.array(fc.integer({ min: 1, max: whole.length - 1 }), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(cuts, async (unsorted) => {
        const at = [0, ...unsorted.sort((a, b) => a - b), whole.length];
        const chunks = at.slice(1).map((end, i) => whole.subarray(at[i], end));
        const found = await split(...chunks);
        expect(found.length).toBe(pictures.length);
        expect(found.every((jpeg, i) => pictures[i]?.equals(jpeg))).toBe(true);
      }),
    );
  });

  it('may have headers between the pictures, as multipart streams do', async () => {
    const header = Buffer.from('\r\n--frame\r\nContent-Type: image/jpeg\r\n\r\n');
    expect(await split(header, small, header, small, header)).toEqual([small, small]);
  });

  it('is empty without a picture', async () => {
    expect(await split()).toEqual([]);
    expect(await split(Buffer.from('no picture at all'))).toEqual([]);
  });

  it('gives what is whole, then refuses a picture that does not end', async () => {
    const seen: Buffer[] = [];
    async function* stream() {
      yield Buffer.concat([small, small.subarray(0, small.length - 2)]);
    }
    await expect(async () => {
      for await (const one of splitJpegs(stream())) seen.push(one);
    }).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
    expect(seen).toEqual([small]);
  });

  it('refuses bytes that only begin like a picture', async () => {
    const lie = Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0, 4, 1, 2, 3, 4, 5, 6]);
    await expect(split(lie)).rejects.toThrow('Expected a marker');
  });
});
