import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { similarity, warp } from '../../../src/models/child/align.ts';

const size = { width: 100, height: 50 };
const template = { 'left-eye': [0.7, 0.4], 'right-eye': [0.3, 0.4], mouth: [0.5, 0.8] };

describe('similarity', () => {
  it('finds any turn, scale and shift again', () => {
    const part = fc.double({ min: -3, max: 3, noNaN: true });
    fc.assert(
      fc.property(part, part, part, part, (a, b, left, top) => {
        fc.pre(a * a + b * b > 0.01);
        const landmarks = Object.entries(template).map(([name, [x = 0, y = 0]]) => {
          const [px, py] = [x * 100, y * 50];
          return [name, { x: (a * px - b * py + left) / 100, y: (b * px + a * py + top) / 50 }] as const;
        });
        const found = similarity(template, Object.fromEntries(landmarks), size, size);
        expect(found?.a).toBeCloseTo(a, 6);
        expect(found?.b).toBeCloseTo(b, 6);
        expect(found?.left).toBeCloseTo(left, 4);
        expect(found?.top).toBeCloseTo(top, 4);
      }),
    );
  });

  it('needs two points that it knows, apart from each other', () => {
    expect(similarity(template, { nose: { x: 0, y: 0 }, mouth: { x: 1, y: 1 } }, size, size)).toBeUndefined();
    const same = { mouth: { x: 0.5, y: 0.5 }, 'left-eye': { x: 0.5, y: 0.5 } };
    expect(similarity(template, same, size, size)).toBeUndefined();
  });
});

describe('warp', () => {
  const pixels = {
    data: Uint8Array.of(10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110, 120),
    width: 2,
    height: 2,
    stride: 3,
    colour: 'rgb',
  } as const;
  const target = { width: 2, height: 2, colour: 'rgb', resize: 'fill' } as const;

  it('copies where there is nothing to turn', () => {
    const out = new Uint8Array(14).fill(1);
    warp(pixels, { a: 1, b: 0, left: 0, top: 0 }, target, out, 1);
    expect([...out]).toEqual([1, ...pixels.data, 1]);
  });

  it('turns by a right angle, and into the order of the net', () => {
    const out = new Uint8Array(12);
    // (x, y) of the target looks at (2 - y, x) of the source.
    warp(pixels, { a: 0, b: 1, left: 2, top: 0 }, { ...target, colour: 'bgr' }, out, 0);
    expect([...out]).toEqual([60, 50, 40, 120, 110, 100, 30, 20, 10, 90, 80, 70]);
  });

  it('gives luma to a grey net', () => {
    const out = new Uint8Array(4);
    warp(pixels, { a: 1, b: 0, left: 0, top: 0 }, { ...target, colour: 'grey' }, out, 0);
    expect(out[0]).toBe(Math.round(0.299 * 10 + 0.587 * 20 + 0.114 * 30));
  });
});
