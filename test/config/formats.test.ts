import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compilePattern, isFilter } from '../../src/bus/topic-filter.ts';
import { createTopics } from '../../src/bus/topics.ts';
import { integer, listOf, nullable, number, oneOf } from '../../src/config/format.ts';
import {
  brokerUrl,
  contentType,
  identifier,
  sourceName,
  sourceTopic,
  topicFilter,
  topicPrefix,
  userName,
} from '../../src/config/mqtt-formats.ts';
import { bundle, module } from '../../src/config/path-formats.ts';

const level = fc.oneof(
  fc.stringMatching(/^[a-z0-9 .{}$+#-]{0,5}$/),
  fc.constantFrom('{source}', '{user}', '+', '#', ''),
);
const topicLike = fc.array(level, { minLength: 1, maxLength: 5 }).map((levels) => levels.join('/'));

describe('topics', () => {
  it('of sources that are accepted name the source they were made for', () => {
    fc.assert(
      fc.property(topicLike, fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/), (topic, source) => {
        fc.pre(sourceTopic.accepts(topic));
        const { match } = compilePattern(topic, 'entry');
        const expected = topic.includes('{source}') ? source : 'entry';
        expect(match(topic.replace('{source}', source))).toBe(expected);
      }),
    );
  });

  it('of users that are accepted are filters, whatever the user is called', () => {
    fc.assert(
      fc.property(topicLike, fc.stringMatching(/^[A-Za-z0-9._@-]{1,64}$/), (filter, user) => {
        fc.pre(topicFilter.accepts(filter));
        expect(userName.accepts(user)).toBe(true);
        const expanded = filter.replaceAll('{user}', user);
        expect(isFilter(expanded)).toBe(true);
        // The name of a user never becomes a wildcard.
        expect(expanded.split('/').filter((part) => part === '+' || part === '#').length).toBe(
          filter.split('/').filter((part) => part === '+' || part === '#').length,
        );
      }),
    );
  });

  it.each(['cameras/{source}/frame', '{source}', '/a/b', 'a b/c', 'a//b', 'ä/{source}'])(
    'of a source: %s',
    (topic) => expect(sourceTopic.accepts(topic)).toBe(true),
  );
  it.each([
    '',
    'a/+',
    'a/#',
    '+',
    '$SYS/a',
    '{source}/{source}',
    'a/x{source}',
    '{camera}/a',
    'a\0',
    '\ud800',
  ])('not of a source: %j', (topic) => expect(sourceTopic.accepts(topic)).toBe(false));

  it('of a source have at most 65,535 bytes', () => {
    expect(sourceTopic.accepts('ä'.repeat(32_767))).toBe(true);
    expect(sourceTopic.accepts('ä'.repeat(32_768))).toBe(false);
  });

  it.each(['#', 'a/#', '+/b', '{user}/#', 'a-{user}/b', '$SYS/#'])('filter: %s', (filter) =>
    expect(topicFilter.accepts(filter)).toBe(true),
  );
  it.each(['', '#/a', 'a#', 'a/b+', '{name}', '+{user}'])('no filter: %j', (filter) =>
    expect(topicFilter.accepts(filter)).toBe(false),
  );

  it.each(['edgeward', 'site/edgeward'])('prefix: %s', (prefix) =>
    expect(topicPrefix.accepts(prefix)).toBe(true),
  );
  it.each(['', '/a', 'a/', 'a//b', '$a', 'a/+', '{source}'])('no prefix: %j', (prefix) =>
    expect(topicPrefix.accepts(prefix)).toBe(false),
  );

  it('reserve the names of sources that the gateway publishes under itself', () => {
    const topics = createTopics({ base: 'edgeward', gateway: 'gw' });
    const { modelState, modelEvent, sample, request, response } = topics;
    for (const topic of [modelState, modelEvent, sample, request, response].map((of) => of('x'))) {
      const [, , level = ''] = topic.split('/');
      expect(sourceName.accepts(level)).toBe(false);
    }
  });
});

describe('names and addresses', () => {
  it.each(['a', 'Camera_1-b', 'x'.repeat(64)])('identifier: %s', (name) =>
    expect(identifier.accepts(name)).toBe(true),
  );
  it.each(['', 'a b', 'a/b', 'ä', 'x'.repeat(65), 7, 'a\n'])('no identifier: %j', (name) =>
    expect(identifier.accepts(name)).toBe(false),
  );
  it.each(['me', 'me@host.example', 'a.b_c-d'])('user: %s', (name) =>
    expect(userName.accepts(name)).toBe(true),
  );
  it.each(['', 'a b', '+', 'a/b', '#', '$x'])('no user: %j', (name) =>
    expect(userName.accepts(name)).toBe(false),
  );

  it.each(['mqtt://a', 'mqtts://a:1', 'ws://a/p?q', 'wss://[::1]'])('URL: %s', (url) =>
    expect(brokerUrl.accepts(url)).toBe(true),
  );
  it.each(['a', 'http://a', 'mqtt://', 'mqtt:a', 'mqtt://me@a', 'mqtt://:p@a', 'tcp://a'])(
    'no URL: %s',
    (url) => expect(brokerUrl.accepts(url)).toBe(false),
  );

  it.each(['image/jpeg', 'image/x-rgb; width=640; height=480', 'a/b;c="d e"'])('content type: %s', (type) =>
    expect(contentType.accepts(type)).toBe(true),
  );
  it.each(['jpeg', 'image/', 'image/jpeg;', 'image/jpeg; width'])('no content type: %s', (type) =>
    expect(contentType.accepts(type)).toBe(false),
  );

  it.each(['classify', './a.js', '../a.js', '/a.js', '@scope/name', 'name/sub.js'])('pipeline: %s', (use) =>
    expect(module.accepts(use)).toBe(true),
  );
  it.each(['', 'Classify Me', 'https://x/y.js', '@scope', '.hidden'])('no pipeline: %j', (use) =>
    expect(module.accepts(use)).toBe(false),
  );
  it.each(['builtin:digits', 'a.bundle', '/b'])('bundle: %s', (name) =>
    expect(bundle.accepts(name)).toBe(true),
  );
  it.each(['', 'builtin:', 'builtin:../x'])('no bundle: %j', (name) =>
    expect(bundle.accepts(name)).toBe(false),
  );
});

describe('values', () => {
  it('of the environment mean what a YAML file would', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(number({ min: 0, max: 1 }).fromText(String(value))).toBe(value + 0);
      }),
    );
    expect(['1e3', ' 1', '0x10', '', '1_000', 'Infinity'].map(integer({ min: 0, max: 9 }).fromText)).toEqual([
      1000,
      ' 1',
      '0x10',
      '',
      '1_000',
      'Infinity',
    ]);
    expect(nullable(integer({ min: 0, max: 9 })).fromText('null')).toBe(null);
    expect(oneOf(0, 1, 2).fromText('1')).toBe(1);
    expect(listOf(identifier).fromText('a, b')).toEqual(['a', 'b']);
  });

  it('of a range include its ends', () => {
    const { accepts } = integer({ min: 1, max: 3 });
    expect([0, 1, 2, 3, 4, 1.5, Number.NaN, '2', null].map((value) => accepts(value))).toEqual([
      false,
      true,
      true,
      true,
      false,
      false,
      false,
      false,
      false,
    ]);
  });
});
