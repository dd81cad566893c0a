import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { count, countOrNone, number, numbers, positive, within } from '../../src/cli/numbers.ts';

describe('numbers on the command line', () => {
  it('may be fractions, and one or several', () => {
    expect(number('1/255')).toBe(1 / 255);
    expect(positive('1/300')).toBe(1 / 300);
    expect(numbers('0.485,0.456,1/2')).toEqual([0.485, 0.456, 0.5]);
    expect(count('12')).toBe(12);
    expect(countOrNone('0')).toBe(0);
    expect(within(1, 100)('100')).toBe(100);
  });

  it.each<[string, (text: string) => number, string[]]>([
    ['a number', number, ['', ' ', 'x', 'NaN', 'Infinity', '1/0', '1/2/3', '/2']],
    ['a number above 0', positive, ['0', '-1', 'x', '1/-2', 'Infinity']],
    ['a count', count, ['0', '-1', '1.5', '', 'x', 'NaN', 'Infinity', '1/2']],
    ['a count or none', countOrNone, ['-1', '1.5', '', ' ', 'x']],
    ['in their range', within(1, 100), ['0', '101', '1.5', '', 'x']],
  ])('are refused where they are not %s', (_, parse, texts) => {
    for (const text of texts) expect(() => parse(text), text).toThrow(/^Expected a /);
  });

  it('are never anything else, whatever is typed', () => {
    const sound =
      (parse: (text: string) => number, isSound: (value: number) => boolean) => (text: string) => {
        try {
          return isSound(parse(text));
        } catch {
          return true;
        }
      };
    fc.assert(
      fc.property(
        fc.string(),
        sound(positive, (value) => value > 0 && Number.isFinite(value)),
      ),
    );
    fc.assert(
      fc.property(
        fc.string(),
        sound(count, (value) => value >= 1 && Number.isSafeInteger(value)),
      ),
    );
  });
});
