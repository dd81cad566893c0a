import fc from 'fast-check';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { annotate, drawnSize } from '../../../src/models/child/annotate.ts';
import { Labels } from '../../../src/models/child/draw-label.ts';
import { drawMarks } from '../../../src/models/child/draw-marks.ts';
import { write } from '../../../src/models/child/glyphs.ts';
import type { Pixels } from '../../../src/models/child/resize.ts';

function flat(width: number, height: number, level = 90): Pixels {
  return { data: new Uint8Array(width * height * 3).fill(level), width, height, stride: 3, colour: 'rgb' };
}

async function colourAt(jpeg: Uint8Array, x: number, y: number): Promise<number[]> {
  const { data, info } = await sharp(jpeg).raw().toBuffer({ resolveWithObject: true });
  return [...data.subarray((y * info.width + x) * info.channels, (y * info.width + x) * info.channels + 3)];
}

describe('annotate', () => {
  it('enlarges a small picture by a whole factor and reduces a very large one', () => {
    expect(drawnSize({ width: 28, height: 28 })).toEqual({ width: 336, height: 336 });
    expect(drawnSize({ width: 640, height: 480 })).toEqual({ width: 640, height: 480 });
    expect(drawnSize({ width: 3840, height: 2160 })).toEqual({ width: 1920, height: 1080 });
  });

  it('draws a box and a label in the colour of the tone over the picture', async () => {
    const box = { x: 0.25, y: 0.5, width: 0.5, height: 0.25 };
    const jpeg = await annotate(flat(400, 400), undefined, [{ box, label: 'door', tone: 'alarm' }]);
    expect(await sharp(jpeg).metadata()).toMatchObject({ format: 'jpeg', width: 400, height: 400 });
    const [red = 0, green = 0, blue = 0] = await colourAt(jpeg, 200, 300);
    expect(red).toBeGreaterThan(150);
    expect(Math.max(green, blue)).toBeLessThan(90);
    for (const level of await colourAt(jpeg, 200, 250)) expect(Math.abs(level - 90)).toBeLessThan(8);
  });

  it('lays heat over the cells of its box: red where it is hottest, nothing where there is little', async () => {
    const heat = { width: 2, height: 2, data: Uint8Array.of(255, 128, 40, 0) };
    const box = { x: 0.5, y: 0, width: 0.5, height: 1 };
    const jpeg = await annotate(flat(400, 400), undefined, [{ box, heat, label: '', tone: 'alarm' }]);
    const [red, amber] = [await colourAt(jpeg, 250, 100), await colourAt(jpeg, 350, 100)];
    expect(red[0]).toBeGreaterThan(150);
    expect(Math.max(red[1] ?? 255, red[2] ?? 255)).toBeLessThan(65);
    // Half as hot, half as opaque, and between red and yellow.
    expect(amber[0]).toBeGreaterThan(110);
    expect(amber[0]).toBeLessThan(red[0] ?? 0);
    expect(amber[1]).toBeGreaterThan((amber[2] ?? 255) + 20);
    const untouched = [
      [250, 300],
      [350, 300],
      [100, 100],
    ] as const;
    for (const [x, y] of untouched) {
      for (const level of await colourAt(jpeg, x, y)) expect(Math.abs(level - 90)).toBeLessThan(8);
    }
  });

  it('writes the label in ink on its ground, where there is no font on the machine', async () => {
    const jpeg = await annotate(flat(320, 320), undefined, [{ label: 'HHHH', tone: 'ok' }]);
    const { data, info } = await sharp(jpeg)
      .extract({ left: 0, top: 0, width: 40, height: 20 })
      .greyscale()
      .raw()
      .toBuffer({ resolveWithObject: true });
    expect(info.channels).toBe(1);
    const ink = data.filter((level) => level > 180).length;
    const ground = data.filter((level) => level < 120).length;
    expect(ink).toBeGreaterThan(40);
    expect(ground).toBeGreaterThan(200);
  });

  it('tints a zone, darkens a mask, and outlines both', async () => {
    const corners = '0.05 0.05,0.45 0.05,0.45 0.95,0.05 0.95'
      .split(',')
      .map((each) => each.split(' ').map(Number));
    const left = corners.map(([x = 0, y = 0]) => [x, y] as const);
    const right = left.map(([x, y]) => [x + 0.5, y] as const);
    const jpeg = await annotate(flat(400, 400), undefined, [
      { outline: left, label: '', tone: 'zone' },
      { outline: right, label: '', tone: 'mask' },
    ]);
    const [red = 0, , blue = 0] = await colourAt(jpeg, 100, 200);
    expect(blue - red).toBeGreaterThan(10);
    expect(Math.max(...(await colourAt(jpeg, 300, 200)))).toBeLessThan(75);
    const [edgeRed = 0, , edgeBlue = 0] = await colourAt(jpeg, 20, 200);
    expect(edgeBlue - edgeRed).toBeGreaterThan(100);
    for (const level of await colourAt(jpeg, 200, 200)) expect(Math.abs(level - 90)).toBeLessThan(8);
  });

  it('writes no label over another, of people who stand together in a zone', () => {
    const size = { width: 640, height: 480 };
    const box = { x: 0.4, y: 0.3, width: 0.2, height: 0.6 };
    const labels = new Labels(size, 2);
    const placed = [0, 0.01, 0.02, 0.03].flatMap(
      (shift) =>
        labels.place({ box: { ...box, x: box.x + shift }, label: 'person 17 88 %', tone: 'ok' }) ?? [],
    );
    expect(placed).toHaveLength(4);
    for (const [i, a] of placed.entries()) {
      for (const b of placed.slice(i + 1)) {
        const across = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
        const down = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
        expect(Math.min(across, down)).toBeLessThan(0.1);
      }
    }
  });

  it('shows the region alone where the picture is a crop', async () => {
    const pixels = flat(100, 100, 0);
    pixels.data.fill(255, 50 * 100 * 3);
    const jpeg = await annotate(pixels, { x: 0, y: 0.6, width: 1, height: 0.4 }, []);
    expect(await sharp(jpeg).metadata()).toMatchObject({ width: 400, height: 160 });
    expect(Math.min(...(await colourAt(jpeg, 200, 5)))).toBeGreaterThan(240);
  });

  it('takes any text for a label and lets none of it become markup', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary-ascii', maxLength: 60 }), async (label) => {
        const svg = drawMarks([{ label, tone: 'warn' }], { width: 320, height: 200 });
        expect(svg.replace(/<\/?(svg|g|rect|path)[ >]/g, '')).not.toMatch(/<|&/);
      }),
    );
    const label = '</svg><script>&"\'';
    expect((await annotate(flat(30, 30), undefined, [{ label, tone: 'warn' }])).length).toBeGreaterThan(500);
  });
});

describe('write', () => {
  it('knows all of ASCII, leaves accents off, and draws a box for the rest', () => {
    const box = write('\u4e2d').path;
    for (let code = 33; code < 127; code++) expect(write(String.fromCharCode(code)).path).not.toBe(box);
    expect(write('Jürgen')).toEqual(write('Jurgen'));
  });

  it('shortens a text to the width that there is', () => {
    const long = 'a label that is much too long';
    for (const width of [20, 60, 90]) {
      expect(write(long, width).width).toBeLessThanOrEqual(width);
      expect(write(long, width).width).toBeGreaterThan(width - 12);
    }
    expect(write('ab', 100)).toEqual(write('ab'));
  });
});
