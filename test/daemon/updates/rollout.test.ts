import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rolloutPosition } from '../../../src/daemon/updates/rollout.ts';

describe('a rollout', () => {
  it('takes about as many gateways as it says, and lets none go when it grows', () => {
    const positions = Array.from({ length: 2_000 }, (_, i) => rolloutPosition(`gateway-${i}`, 'digits'));
    for (const percent of [5, 25, 50, 90]) {
      const share = positions.filter((position) => position < percent).length / positions.length;
      expect(Math.abs(share * 100 - percent)).toBeLessThan(4);
    }
    expect(positions).toEqual(positions.map((_, i) => rolloutPosition(`gateway-${i}`, 'digits')));
  });

  it('includes everybody at 100 %, and nobody at 0', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (gateway, model) => {
        const position = rolloutPosition(gateway, model);
        return position >= 0 && position < 100;
      }),
    );
  });
});
