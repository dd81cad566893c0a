import { expect, test } from 'vitest';
import { fromHalves, toHalves } from '../../src/compiler/half.ts';

const every = Uint16Array.from({ length: 2 ** 16 }, (_, bits) => bits);

test('every half that is a number comes back as it was', () => {
  const numbers = every.filter((bits) => (bits & 0x7fff) <= 0x7c00);
  expect(toHalves(fromHalves(numbers))).toEqual(numbers);
});

test('a number between two halves becomes the nearer one, and of two that are as near the even one', () => {
  const [below = 0, above = 0] = fromHalves(Uint16Array.of(0x3c01, 0x3c02));
  const between = (share: number) => below + (above - below) * share;
  expect([...toHalves(Float32Array.of(between(0.4), between(0.6), between(0.5)))]).toEqual([
    0x3c01, 0x3c02, 0x3c02,
  ]);
});

test('what is too great is infinite, and what is no number stays none', () => {
  expect([...toHalves(Float32Array.of(65_519, 65_520, -1e9, Number.NaN))]).toEqual([
    0x7bff, 0x7c00, 0xfc00, 0x7e00,
  ]);
});
