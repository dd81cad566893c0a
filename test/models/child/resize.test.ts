import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Box } from '../../../src/image.ts';
import { type Pixels, resize } from '../../../src/models/child/resize.ts';
import type { PictureInput } from '../../../src/models/manifest.ts';

type Target = Pick<PictureInput, 'width' | 'height' | 'colour' | 'resize' | 'pad'>;
type Colour = PictureInput['colour'];

/** Red, green, blue of a pixel, whatever the order of the source. */
function rgbAt({ data, width, stride, colour }: Pixels, x: number, y: number): [number, number, number] {
  const at = (y * width + x) * stride;
  const [a = 0, b = 0, c = 0] = data.subarray(at, at + 3);
  if (colour === 'grey') return [a, a, a];
  return colour === 'rgb' ? [a, b, c] : [c, b, a];
}

/** The definition, in floating point and with no regard for time: what the kernel must come within 1 of. */
function reference(pixels: Pixels, region: Box, target: Target): number[] {
  const source = {
    x: region.x * pixels.width,
    y: region.y * pixels.height,
    w: region.width * pixels.width,
    h: region.height * pixels.height,
  };
  const inner = { x: 0, y: 0, w: target.width, h: target.height };
  if (target.resize === 'contain') {
    const scale = Math.min(target.width / source.w, target.height / source.h);
    inner.w = Math.max(1, Math.min(target.width, Math.round(source.w * scale)));
    inner.h = Math.max(1, Math.min(target.height, Math.round(source.h * scale)));
    inner.x = Math.floor((target.width - inner.w) / 2);
    inner.y = Math.floor((target.height - inner.h) / 2);
  }
  if (target.resize === 'cover') {
    const shape = target.width / target.height;
    const w = Math.min(source.w, source.h * shape);
    const h = Math.min(source.h, source.w / shape);
    Object.assign(source, { x: source.x + (source.w - w) / 2, y: source.y + (source.h - h) / 2, w, h });
  }
  const sample = (position: number, start: number, length: number, size: number) => {
    const first = Math.min(size - 1, Math.floor(start + 1e-6));
    const last = Math.max(first, Math.min(size - 1, Math.ceil(start + length - 1e-6) - 1));
    const centre = Math.min(last, Math.max(first, position));
    const low = Math.floor(centre);
    return { low, high: Math.min(low + 1, last), share: centre - low };
  };
  const out: number[] = [];
  for (let y = 0; y < target.height; y++) {
    for (let x = 0; x < target.width; x++) {
      const inside = x >= inner.x && x < inner.x + inner.w && y >= inner.y && y < inner.y + inner.h;
      const across = sample(
        source.x + ((x - inner.x + 0.5) * source.w) / inner.w - 0.5,
        source.x,
        source.w,
        pixels.width,
      );
      const down = sample(
        source.y + ((y - inner.y + 0.5) * source.h) / inner.h - 0.5,
        source.y,
        source.h,
        pixels.height,
      );
      const corners = [
        [rgbAt(pixels, across.low, down.low), (1 - across.share) * (1 - down.share)],
        [rgbAt(pixels, across.high, down.low), across.share * (1 - down.share)],
        [rgbAt(pixels, across.low, down.high), (1 - across.share) * down.share],
        [rgbAt(pixels, across.high, down.high), across.share * down.share],
      ] as const;
      const mixed = [0, 1, 2].map((c) =>
        corners.reduce((sum, [rgb, weight]) => sum + (rgb[c] ?? 0) * weight, 0),
      );
      const [r = 0, g = 0, b = 0] = inside ? mixed : [0, 1, 2].map(() => target.pad ?? 114);
      if (target.colour === 'grey')
        out.push(pixels.colour === 'grey' || !inside ? r : 0.299 * r + 0.587 * g + 0.114 * b);
      else out.push(...(target.colour === 'rgb' ? [r, g, b] : [b, g, r]));
    }
  }
  return out;
}

function noise(
  width: number,
  height: number,
  stride: Pixels['stride'],
  colour: Colour,
  seed: number,
): Pixels {
  let state = seed | 1;
  const data = Uint8Array.from({ length: width * height * stride }, () => {
    state = Math.imul(state, 1664525) + 1013904223;
    return state >>> 24;
  });
  return { data, width, height, stride, colour };
}

const side = fc.integer({ min: 1, max: 40 });
const source = fc
  .record({
    width: side,
    height: side,
    kind: fc.constantFrom<[Pixels['stride'], Colour]>(
      [1, 'grey'],
      [2, 'grey'],
      [3, 'rgb'],
      [4, 'rgb'],
      [3, 'bgr'],
    ),
    seed: fc.nat(),
  })
  .map(({ width, height, kind: [stride, colour], seed }) => noise(width, height, stride, colour, seed));
const target = fc.record({
  width: side,
  height: side,
  colour: fc.constantFrom<Colour>('rgb', 'bgr', 'grey'),
  resize: fc.constantFrom<PictureInput['resize']>('fill', 'cover', 'contain'),
  pad: fc.integer({ min: 0, max: 255 }),
});
const smoothTarget = fc.tuple(target, fc.boolean()).map(([wanted, antialias]) => ({ ...wanted, antialias }));
const fraction = fc.double({ min: 0, max: 0.9, noNaN: true });
const region = fc
  .record({ x: fraction, y: fraction, right: fraction, bottom: fraction })
  .map(({ x, y, right, bottom }) => ({
    x,
    y,
    width: (1 - x) * (1 - right),
    height: (1 - y) * (1 - bottom),
  }));

describe('resize', () => {
  it('comes within one level of the exact result, for every size, region, mode and colour order', () => {
    fc.assert(
      fc.property(source, region, target, (pixels, part, wanted) => {
        const channels = wanted.colour === 'grey' ? 1 : 3;
        const out = new Uint8Array(wanted.width * wanted.height * channels);
        resize(pixels, part, wanted, out, 0);
        const expected = reference(pixels, part, wanted);
        const worst = Math.max(...expected.map((value, i) => Math.abs(value - (out[i] ?? 0))));
        expect(worst).toBeLessThanOrEqual(1);
      }),
      { numRuns: 1000 },
    );
  });

  it('copies a picture that has the size of the target', () => {
    for (const resizeMode of ['fill', 'cover', 'contain'] as const) {
      const pixels = noise(28, 28, 1, 'grey', 7);
      const out = new Uint8Array(784);
      resize(pixels, undefined, { width: 28, height: 28, colour: 'grey', resize: resizeMode }, out, 0);
      expect(out).toEqual(pixels.data);
    }
  });

  it('writes at its offset and nowhere else', () => {
    fc.assert(
      fc.property(
        source,
        region,
        smoothTarget,
        fc.integer({ min: 0, max: 50 }),
        (pixels, part, wanted, at) => {
          const size = wanted.width * wanted.height * (wanted.colour === 'grey' ? 1 : 3);
          const alone = new Uint8Array(size);
          resize(pixels, part, wanted, alone, 0);
          const out = new Uint8Array(at + size + 50).fill(199);
          resize(pixels, part, wanted, out, at);
          expect(out.subarray(at, at + size)).toEqual(alone);
          expect(out.subarray(0, at).every((byte) => byte === 199)).toBe(true);
          expect(out.subarray(at + size).every((byte) => byte === 199)).toBe(true);
        },
      ),
    );
  });

  it('fits a wide picture between bars of the padding', () => {
    const pixels = {
      data: new Uint8Array(40 * 20).fill(200),
      width: 40,
      height: 20,
      stride: 1,
      colour: 'grey',
    } as const;
    const out = new Uint8Array(100);
    resize(pixels, undefined, { width: 10, height: 10, colour: 'grey', resize: 'contain', pad: 3 }, out, 0);
    const rows = Array.from({ length: 10 }, (_, y) => out[y * 10]);
    expect(rows).toEqual([3, 3, 200, 200, 200, 200, 200, 3, 3, 3]);
  });

  it('averages what is reduced, where the target says so, to the mean of what it stands for', () => {
    for (const colour of ['rgb', 'bgr', 'grey'] as const) {
      const pixels = noise(40, 30, 3, 'rgb', 11);
      const wanted = { width: 10, height: 10, resize: 'fill', antialias: true, colour } as const;
      const channels = colour === 'grey' ? 1 : 3;
      const out = new Uint8Array(100 * channels);
      resize(pixels, undefined, wanted, out, 0);
      for (let cell = 0; cell < 100; cell++) {
        const [x, y] = [(cell % 10) * 4, Math.floor(cell / 10) * 3];
        const block = Array.from({ length: 12 }, (_, i) => rgbAt(pixels, x + (i % 4), y + Math.floor(i / 4)));
        const [r = 0, g = 0, b = 0] = [0, 1, 2].map(
          (c) => block.reduce((sum, rgb) => sum + (rgb[c] ?? 0), 0) / 12,
        );
        const means = { rgb: [r, g, b], bgr: [b, g, r], grey: [0.299 * r + 0.587 * g + 0.114 * b] }[colour];
        for (const [c, mean] of means.entries()) {
          expect(Math.abs((out[cell * channels + c] ?? 0) - mean)).toBeLessThanOrEqual(1);
        }
      }
    }
  });

  it('averages nothing that is enlarged or hardly reduced', () => {
    fc.assert(
      fc.property(source, target, (pixels, wanted) => {
        fc.pre(pixels.width < 1.5 * wanted.width && wanted.resize === 'fill');
        const size = wanted.width * wanted.height * (wanted.colour === 'grey' ? 1 : 3);
        const [plain, smooth] = [false, true].map((antialias) => {
          const out = new Uint8Array(size);
          resize(pixels, undefined, { ...wanted, antialias }, out, 0);
          return out;
        });
        expect(smooth).toEqual(plain);
      }),
    );
  });

  it('looks at the region alone', () => {
    const pixels = noise(16, 16, 3, 'rgb', 3);
    const painted = { ...pixels, data: pixels.data.slice() };
    for (let y = 0; y < 16; y++)
      for (let x = 0; x < 16; x++)
        if (x < 4 || x >= 12 || y < 4 || y >= 12)
          painted.data.fill(255, (y * 16 + x) * 3, (y * 16 + x + 1) * 3);
    const box = { x: 0.25, y: 0.25, width: 0.5, height: 0.5 };
    for (const side of [30, 3]) {
      const [a, b] = [pixels, painted].map((each) => {
        const out = new Uint8Array(side * side * 3);
        const wanted = { width: side, height: side, colour: 'rgb', resize: 'fill', antialias: true } as const;
        resize(each, box, wanted, out, 0);
        return out;
      });
      expect(a).toEqual(b);
    }
  });
});
