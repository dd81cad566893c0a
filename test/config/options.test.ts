import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseOptions } from '../../src/config/convict.ts';
import type { Schema } from '../../src/config/convict-schema.ts';
import { errorOf, problemsOf } from './scratch.ts';

/** As the author of a plug-in writes it, with formats of convict alone. */
const schema = {
  minScore: { doc: 'Least score.', format: 'probability', default: 0.5 },
  annotate: { doc: 'When.', format: ['change', 'always', 'never'], default: 'change' },
  zones: { doc: 'By name.', format: Object, default: {} },
  labels: { doc: 'Of interest.', format: Array, default: [] },
  title: { doc: 'Shown.', format: String, default: null, nullable: true },
  limit: { doc: 'At most.', format: 'nat', default: 3 },
  enabled: { doc: 'On.', default: true },
  tracker: {
    maxAgeMs: { doc: 'How long.', format: 'milliseconds', default: 1000 },
    even: {
      doc: 'An even number.',
      default: 2,
      format(value: unknown) {
        if (typeof value !== 'number' || value % 2 !== 0) throw new Error('must be even');
      },
    },
  },
} satisfies Schema;

const defaults = {
  minScore: 0.5,
  annotate: 'change',
  zones: {},
  labels: [],
  title: null,
  limit: 3,
  enabled: true,
  tracker: { maxAgeMs: 1000, even: 2 },
};

function problems(value: unknown) {
  return problemsOf(errorOf(() => parseOptions(schema, value, 'pipelines.door.options')));
}

describe('parseOptions', () => {
  it('fills in the defaults', () => {
    expect(parseOptions(schema, {}, 'options')).toEqual(defaults);
    expect(parseOptions(schema, undefined, 'options')).toEqual(defaults);
    expect(parseOptions({}, {}, 'options')).toEqual({});
  });

  it('does not hand out the default itself', () => {
    parseOptions(schema, {}, 'options').labels;
    const first = parseOptions(schema, {}, 'options');
    (first.labels as string[]).push('changed');
    expect(parseOptions(schema, {}, 'options').labels).toEqual([]);
  });

  it('keeps what it is given, whatever it is', () => {
    const plain = (text: string) => !text.includes('__proto__');
    const anything = fc.jsonValue().filter((value) => plain(JSON.stringify(value)));
    fc.assert(
      fc.property(
        fc.dictionary(fc.string().filter(plain), anything),
        fc.array(anything),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (zones, labels, minScore) => {
          const values = parseOptions(schema, { zones, labels, minScore }, 'options');
          expect(JSON.stringify(values.zones)).toBe(JSON.stringify(zones));
          expect(JSON.stringify(values.labels)).toBe(JSON.stringify(labels));
          expect(values.minScore).toBe(minScore);
        },
      ),
    );
  });

  it('changes no value on the way, as convict alone would', () => {
    expect(problems({ enabled: 'no', limit: '12abc', minScore: '0.5', labels: 'a,b' })).toMatchObject([
      { path: 'pipelines.door.options.minScore', received: '"0.5"' },
      { path: 'pipelines.door.options.labels', expected: 'a list', received: '"a,b"' },
      { path: 'pipelines.door.options.limit', expected: 'a whole number from 0', received: '"12abc"' },
      { path: 'pipelines.door.options.enabled', expected: 'true or false', received: '"no"' },
    ]);
  });

  it('names every problem by its path', () => {
    const wrong = {
      minScor: 1,
      annotate: 'sometimes',
      zones: [1],
      tracker: { even: 3, odd: 1 },
      limit: { a: 1 },
    };
    expect(
      problems(wrong).map(({ path, hint }) => [path.replace('pipelines.door.options.', ''), hint]),
    ).toEqual([
      ['minScor', 'did you mean minScore?'],
      ['tracker.odd', 'known here: maxAgeMs, even'],
      ['annotate', undefined],
      ['zones', undefined],
      ['limit', undefined],
      ['tracker.even', 'must be even'],
    ]);
    expect(problems([1])).toMatchObject([{ path: 'pipelines.door.options', received: 'a list' }]);
  });

  it('asks for what has no default that would do', () => {
    const required = { url: { doc: 'Where.', format: String, default: null } };
    const error = errorOf(() => parseOptions(required, {}, 'options'));
    expect(error.message).toContain('Expected a text for options.url but received nothing');
  });

  it('throws for a schema with a format that nobody knows', () => {
    const wrong = { at: { doc: 'When.', format: 'timestamp', default: 0 } };
    expect(() => parseOptions(wrong, {}, 'options')).toThrow(TypeError);
  });

  it('reads neither the environment nor the arguments of the process', () => {
    process.env.EDGEWARD_TEST_OPTION = 'from outside';
    try {
      const leaky = {
        word: { doc: 'A word.', format: String, default: 'mine', env: 'EDGEWARD_TEST_OPTION', arg: 'run' },
      };
      expect(parseOptions(leaky, {}, 'options')).toEqual({ word: 'mine' });
    } finally {
      delete process.env.EDGEWARD_TEST_OPTION;
    }
  });
});
