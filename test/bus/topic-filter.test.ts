import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compilePattern, covers, isFilter, matches } from '../../src/bus/topic-filter.ts';
import { sourceName } from '../../src/config/mqtt-formats.ts';

const name = fc.constantFrom('', 'a', 'b', '$', '$x');
const topic = fc.array(name, { minLength: 1, maxLength: 4 }).map((levels) => levels.join('/'));
const filter = fc
  .tuple(fc.array(fc.oneof(name, fc.constant('+')), { minLength: 0, maxLength: 4 }), fc.boolean())
  .map(([levels, open]) => [...levels, ...(open || levels.length === 0 ? ['#'] : [])].join('/'))
  .filter((text) => text !== '');

/** Section 4.7 of MQTT 3.1.1 as one regular expression. */
function byRegExp(text: string, of: string): boolean {
  if (of.startsWith('$') && /^[+#]/.test(text)) return false;
  const escaped = text.replace(/[.*?^${}()|[\]\\]/g, '\\$&');
  const pattern = escaped
    .split('/')
    .map((level) => (level === '+' ? '[^/]*' : level))
    .join('/')
    .replace(/(^|\/)#$/, (_, slash) => (slash ? '(/.*)?' : '.*'));
  return new RegExp(`^${pattern}$`).test(of);
}

describe('matches', () => {
  it.each([
    ['#', 'a', true],
    ['#', '$SYS/x', false],
    ['+/x', '$SYS/x', false],
    ['$SYS/#', '$SYS/x', true],
    ['a/#', 'a', true],
    ['a/+', 'a', false],
    ['a/+', 'a/', true],
    ['+/+', '/a', true],
    ['+', '/a', false],
    ['a/b', 'a/b/c', false],
    ['a/b/c', 'a/b', false],
    ['A', 'a', false],
  ])('%s and %s: %s', (of, text, expected) => {
    expect(matches(of, text)).toBe(expected);
  });

  it('is what the standard says, for any filter and topic', () => {
    fc.assert(
      fc.property(filter, topic, (of, text) => matches(of, text) === byRegExp(of, text)),
      { numRuns: 2_000 },
    );
  });
});

describe('covers', () => {
  it.each([
    ['#', 'a/+/c', true],
    ['a/#', 'a', true],
    ['a/+', 'a/#', false],
    ['a/+', 'a/b', true],
    ['a/b', 'a/+', false],
    ['#', '$SYS/#', false],
    ['+/a', 'b/a/c', false],
  ])('%s over %s: %s', (wider, of, expected) => {
    expect(covers(wider, of)).toBe(expected);
  });

  it('is never true where a topic would slip out', () => {
    const law = fc.property(filter, filter, topic, (wider, of, text) => {
      fc.pre(covers(wider, of) && matches(of, text));
      return matches(wider, text);
    });
    fc.assert(law, { numRuns: 500 });
  });
});

describe('isFilter', () => {
  it.each(['a', '+', '#', 'a/+/#', '/', '$SYS/#', ' '])('takes %j', (text) =>
    expect(isFilter(text)).toBe(true),
  );
  it.each(['', 'a#', '#/a', 'a+/b', 'a/b+', 'a\0b'])('refuses %j', (text) =>
    expect(isFilter(text)).toBe(false),
  );
});

describe('a source pattern', () => {
  it('reads the source out of the topic', () => {
    const { filter: of, match } = compilePattern('cameras/{source}/frame');
    expect(of).toBe('cameras/+/frame');
    expect(match('cameras/desk-1/frame')).toBe('desk-1');
    expect(match('cameras/desk/other')).toBeUndefined();
    expect(match('cameras/frame')).toBeUndefined();
  });

  it('takes no source whose name would break a topic', () => {
    const { match } = compilePattern('cameras/{source}/frame');
    for (const source of ['models', 'request', '', 'a b', 'a.b', '..', 'ä', 'x'.repeat(65)]) {
      expect(match(`cameras/${source}/frame`)).toBeUndefined();
    }
  });

  it('stands for the source of its own name where it names none', () => {
    const { filter: of, match } = compilePattern('line/+/camera', 'line');
    expect(of).toBe('line/+/camera');
    expect(match('line/3/camera')).toBe('line');
    expect(match('line/camera')).toBeUndefined();
  });

  it('finds any source that it was made with', () => {
    const source = fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/).filter((text) => sourceName.accepts(text));
    const level = fc.stringMatching(/^[a-z]{0,8}$/);
    const levels = fc.array(level, { maxLength: 4 });
    const law = fc.property(levels, source, levels, (before, one, after) => {
      const { filter: of, match } = compilePattern([...before, '{source}', ...after].join('/'));
      const text = [...before, one, ...after].join('/');
      return match(text) === one && matches(of, text);
    });
    fc.assert(law);
  });
});
