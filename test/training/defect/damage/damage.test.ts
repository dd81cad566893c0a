import fc from 'fast-check';
import { expect, test } from 'vitest';
import { damaged } from '../../../../src/training/defect/damage/damage.ts';
import { seeded } from '../../../../src/training/random.ts';
import { plate } from '../parts.ts';

const coloured = (seed: number, tint: number) =>
  Uint8Array.from([...plate(seed)].flatMap((value) => [value, Math.round(value * tint), value >> 1]));
const [part, donor] = [coloured(1, 0.9), coloured(2, 0.7)];
const grey = Uint8Array.from([...plate(3)].flatMap((value) => [value, value, value]));

test('damage changes what its mask covers, visibly, and nothing else', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1_000_000 }), (seed) => {
      const { pixels, mask } = damaged(part, donor, seeded(seed));
      let [changed, covered] = [0, 0];
      for (let i = 0; i < mask.length; i++) {
        const change = Math.abs((pixels[i * 3 + 1] ?? 0) - (part[i * 3 + 1] ?? 0));
        if (mask[i] === 0 && change !== 0) throw new Error(`pixel ${i} changed outside of the mask`);
        if ((mask[i] ?? 0) < 0.4) continue;
        changed += change;
        covered++;
      }
      expect(covered).toBeGreaterThan(0);
      expect(changed / covered).toBeGreaterThanOrEqual(4);
    }),
    { numRuns: 20 },
  );
});

test('the same seed makes the same damage, another one another', () => {
  const made = (seed: number) => Buffer.from(damaged(part, donor, seeded(seed)).pixels);
  expect(made(5).equals(made(5))).toBe(true);
  expect(made(5).equals(made(6))).toBe(false);
});

test('a grey part stays grey', () => {
  for (const seed of [1, 2, 3, 4, 5, 6]) {
    const { pixels } = damaged(grey, grey, seeded(seed));
    expect(pixels.every((value, i) => value === pixels[i - (i % 3)])).toBe(true);
  }
});
