import fc from 'fast-check';
import { expect, it } from 'vitest';
import { permutation, seeded } from '../../src/training/random.ts';

it('a permutation has every index once, and is the same for the same seed', () => {
  fc.assert(
    fc.property(fc.nat(200), fc.integer(), (count, seed) => {
      const order = permutation(count, seeded(seed));
      expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, i) => i));
      expect(permutation(count, seeded(seed))).toEqual(order);
    }),
  );
});

it('seeds next to each other give orders that have nothing in common', () => {
  const orders = Array.from({ length: 10 }, (_, seed) => permutation(1000, seeded(seed)));
  for (const [i, a] of orders.entries()) {
    for (const b of orders.slice(i + 1))
      expect(a.filter((index, k) => index === b[k]).length).toBeLessThan(10);
  }
});

it('numbers are spread evenly over [0, 1)', () => {
  const random = seeded(42);
  const bins = new Array<number>(10).fill(0);
  for (let i = 0; i < 100_000; i++) {
    const bin = Math.floor(random() * 10);
    bins[bin] = (bins[bin] ?? 0) + 1;
  }
  expect(bins).toHaveLength(10);
  for (const count of bins) expect(Math.abs(count - 10_000)).toBeLessThan(500);
});
