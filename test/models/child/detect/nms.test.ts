import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { suppress } from '../../../../src/models/child/detect/nms.ts';

const side = fc.double({ min: 0, max: 1, noNaN: true });
const candidate = fc
  .record({ left: side, top: side, w: side, h: side, score: side, index: fc.nat(2) })
  .map(({ left, top, w, h, score, index }) => {
    return { left, top, right: left + w + 0.01, bottom: top + h + 0.01, score, index };
  });

describe('suppress', () => {
  it('keeps the better of two that overlap, and both where their classes differ', () => {
    const one = { left: 0, top: 0, right: 1, bottom: 1, score: 0.8, index: 0 };
    const like = { ...one, right: 0.9, score: 0.9 };
    const other = { ...one, index: 1, score: 0.5 };
    expect(suppress([one, like, other], 0.5, 10)).toEqual([like, other]);
    expect(suppress([one, like, other], 0.95, 10)).toEqual([like, one, other]);
    expect(suppress([one, like, other], 0.95, 1)).toEqual([like]);
  });

  it('is the same again on what it kept, and keeps the best of all', () => {
    fc.assert(
      fc.property(fc.array(candidate, { minLength: 1, maxLength: 30 }), (all) => {
        const kept = suppress(all, 0.5, 100);
        expect(suppress(kept, 0.5, 100)).toEqual(kept);
        expect(kept[0]?.score).toBe(Math.max(...all.map(({ score }) => score)));
      }),
    );
  });
});
