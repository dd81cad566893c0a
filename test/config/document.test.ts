import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { errorOf, problemsIn, scratchFolder } from './scratch.ts';

const { folder, write } = scratchFolder();

describe('a configuration file', () => {
  it.each([
    ['an unclosed list', 'http:\n  port: [1', 2, 11],
    ['a mapping on the line of another', 'http: port: 1', 1, 7],
    ['tabs', 'http:\n\tport: 1', 2, 1],
    ['a repeated key', 'http: {}\nlog: {}\nhttp: {}', 3, 1],
    ['a second document', 'http: {}\n---\nlog: {}', 2, 1],
    ['a tag that nobody knows', 'http: !include http.yaml', 1, 7],
    ['a mapping for a key', '? { a: 1 }\n: b', 1, 3],
  ])('with %s is refused at its line and column', (_, yaml, line, column) => {
    expect(problemsIn(write('syntax.yaml', yaml))[0]).toMatchObject({
      path: '',
      expected: 'valid YAML',
      line,
      column,
    });
  });

  it('does not list the same slip for every line that follows', () => {
    expect(problemsIn(write('many.yaml', 'a: 1\n'.repeat(1000)))).toHaveLength(20);
  });

  it('says a repeated key in words', () => {
    const { message } = errorOf(() => loadConfig({ file: write('twice.yaml', 'log: {}\nlog: {}'), env: {} }));
    expect(message).toMatch(/\n {2}line 2:1: Expected valid YAML but received Map keys must be unique$/);
  });

  it('that cannot be read is an error of the configuration', () => {
    const missing = join(folder, 'missing.yaml');
    expect(errorOf(() => loadConfig({ file: missing, env: {} })).message).toBe(
      `Expected a valid configuration but received 1 error in ${missing}:\n` +
        '  Expected a readable YAML file but received no such file',
    );
    expect(problemsIn(folder)).toMatchObject([{ received: 'a folder' }]);
    expect(problemsIn(write('latin1.yaml', Buffer.from([0x61, 0x3a, 0x20, 0xe9])))).toMatchObject([
      { received: 'bytes that are no UTF-8' },
    ]);
  });

  it('may have 1 MiB and no more', () => {
    const comment = `#${'x'.repeat(2 ** 20 - 1)}`;
    expect(problemsIn(write('full.yaml', comment))).toEqual([]);
    expect(problemsIn(write('over.yaml', `${comment}x`))).toMatchObject([
      { received: 'more than 1048576 bytes' },
    ]);
  });

  it('may repeat itself by anchors', () => {
    const yaml = 'models:\n  a: &net { bundle: builtin:a, maxBatch: 4 }\n  b: *net\n';
    const { models } = loadConfig({ file: write('anchor.yaml', yaml), env: {} });
    expect(models.b).toEqual(models.a);
  });

  it('may not refer to what is not there, nor to itself', () => {
    expect(problemsIn(write('alias.yaml', 'http: {}\nlog: *nothing'))).toMatchObject([
      { path: 'log', line: 2, received: 'only *nothing' },
    ]);
    const [problem] = problemsIn(write('itself.yaml', 'http: &h\n  port: *h'));
    expect(problem).toMatchObject({ received: 'more' });
    expect(problem?.expected).toMatch(/64 levels deep/);
  });

  it('cannot grow without bound by aliases', () => {
    const levels = Array.from({ length: 12 }, (_, i) => {
      const items =
        i === 0
          ? 'x'
          : Array(9)
              .fill(`*a${i - 1}`)
              .join(', ');
      return `a${i}: &a${i} [${items}]`;
    });
    const [problem] = problemsIn(write('bomb.yaml', levels.join('\n')));
    expect(problem?.expected).toMatch(/^at most 20000 values/);
  });

  it.each(['[', '{a: ', '- ', '? ', 'a: '])('nested ten thousand times by %s is refused', (opening) => {
    expect(problemsIn(write('deep.yaml', opening.repeat(10_000)))).toMatchObject([
      { expected: 'a YAML file of at most 64 levels', received: 'more' },
    ]);
  });
});
