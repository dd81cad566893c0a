import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ngScores } from '../../../src/training/defect/ng-scores.ts';

const scores = (minLength: number) =>
  fc.array(fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), { minLength, maxLength: 60 });

describe('other thresholds of a fitted model', () => {
  it('refuse no more of the good parts than they say, and find what they say of the bad ones', () => {
    fc.assert(
      fc.property(scores(10), scores(1), (good, bad) => {
        for (const { score, refused, found } of ngScores({ good, bad })) {
          expect(good.filter((each) => each >= score).length / good.length).toBeLessThanOrEqual(refused);
          expect(found).toBe(bad.filter((each) => each >= score).length / bad.length);
        }
      }),
    );
  });

  it('are as low as that allows, to a thousandth', () => {
    const good = Array.from({ length: 100 }, (_, i) => i / 200);
    expect(ngScores({ good, bad: [] }, [0.05])).toEqual([{ score: 0.471, refused: 0.05 }]);
    expect(good.filter((score) => score >= 0.47).length).toBe(6);
  });
});
