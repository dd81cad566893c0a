import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { errorOf, problemsIn, problemsOf, scratchFolder } from './scratch.ts';

const { folder, write } = scratchFolder();

describe('loadConfig', () => {
  it('is the defaults without a file', () => {
    const config = loadConfig({ env: {} });
    expect(config.gateway.id).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
    expect(hostname().startsWith(config.gateway.id.slice(0, 1))).toBe(true);
    expect(config.gateway).toEqual({
      id: config.gateway.id,
      name: config.gateway.id,
      stateDir: resolve('state'),
    });
    expect(config.bus).toMatchObject({
      url: null,
      protocol: '5',
      maxPacketBytes: 8_388_608,
      embedded: { host: '127.0.0.1', port: 1883, maxClients: 1000, persist: true, users: {} },
    });
    expect(config.http).toEqual({ enabled: true, host: '127.0.0.1', port: 9464, token: null });
    expect(config).toMatchObject({ models: {}, sources: {}, pipelines: {} });
  });

  it('gives every entry of a map its own defaults', () => {
    const file = write(
      'entries.yaml',
      `
models:
  digits: { bundle: builtin:digits, maxBatch: 32 }
  other: { bundle: builtin:other }
sources: { desk: { topic: desk/frame } }
pipelines:
  a: { use: classify, models: { classifier: digits } }
  b: { use: classify, models: { classifier: other }, mailbox: every }
  c: { use: classify, models: { classifier: other }, mailbox: every, maxInFlight: 3 }
`,
    );
    const { models, sources, pipelines } = loadConfig({ file, env: {} });
    expect(models.digits).toEqual({
      bundle: 'builtin:digits',
      instances: null,
      threads: 1,
      maxBatch: 32,
      maxDelayMs: 0,
      timeoutMs: 5000,
      maxQueue: 512,
      swap: 'overlap',
      update: {
        name: null,
        channel: 'stable',
        automatic: true,
        shadow: expect.objectContaining({ frames: 0 }),
        probation: expect.objectContaining({ seconds: 60 }),
      },
    });
    expect(models.other?.maxBatch).toBe(8);
    expect(sources.desk).toEqual({
      topic: 'desk/frame',
      topics: [],
      qos: 1,
      contentType: null,
      offlineAfterS: 60,
    });
    expect(pipelines.a).toMatchObject({
      sources: ['*'],
      mailbox: null,
      maxInFlight: null,
      timeoutMs: 10_000,
    });
    expect(pipelines.c?.maxInFlight).toBe(3);
  });

  it('keeps the options of a pipeline as they are, whatever their names', () => {
    const options = "{ 'a.b': { c: [1, { d: no }] }, constructor: { prototype: 1 }, when: null }";
    const file = write('options.yaml', `pipelines: { p: { use: ./p.js, options: ${options} } }`);
    const { pipelines } = loadConfig({ file, env: {} });
    const expected = { 'a.b': { c: [1, { d: 'no' }] }, constructor: { prototype: 1 }, when: null };
    expect(JSON.stringify(pipelines.p?.options)).toBe(JSON.stringify(expected));
  });

  it('is frozen to the bottom', () => {
    const config = loadConfig({
      file: write('deep.yaml', 'pipelines: { p: { use: x, options: { a: [{}] } } }'),
      env: {},
    });
    const frozen = (value: unknown): boolean =>
      typeof value !== 'object' ||
      value === null ||
      (Object.isFrozen(value) && Object.values(value).every(frozen));
    expect(frozen(config)).toBe(true);
  });

  it('resolves relative paths against the folder of the file', () => {
    const file = write(
      'paths/edgeward.yaml',
      `
gateway: { stateDir: ../state }
bus: { embedded: { tls: { port: 8883, cert: certs/b.pem, key: /keys/b.pem } } }
models: { a: { bundle: a.bundle }, b: { bundle: builtin:b } }
pipelines: { a: { use: ./a.js }, b: { use: classify }, c: { use: '@me/pipeline' }, d: { use: ../d.js } }
`,
    );
    const { gateway, bus, models, pipelines } = loadConfig({ file, env: { STATE_DIRECTORY: '/not/this' } });
    expect(gateway.stateDir).toBe(join(folder, 'state'));
    expect(bus.embedded.tls).toMatchObject({ cert: join(folder, 'paths/certs/b.pem'), key: '/keys/b.pem' });
    expect([models.a?.bundle, models.b?.bundle]).toEqual([join(folder, 'paths/a.bundle'), 'builtin:b']);
    expect(Object.values(pipelines).map(({ use }) => use)).toEqual([
      join(folder, 'paths/a.js'),
      'classify',
      '@me/pipeline',
      join(folder, 'd.js'),
    ]);
  });

  it('takes the first state directory that systemd grants', () => {
    const stateDir = (env: Record<string, string>) => loadConfig({ env }).gateway.stateDir;
    expect(stateDir({ STATE_DIRECTORY: '/var/lib/edgeward:/var/lib/other' })).toBe('/var/lib/edgeward');
    expect(stateDir({ STATE_DIRECTORY: '' })).toBe(resolve('state'));
  });

  it('reads an empty section as one that is not there', () => {
    const file = write('empty.yaml', 'http:\nmodels:\n  # digits:\nsources: {}\nbus:\n  tls:\n');
    expect(loadConfig({ file, env: {} })).toEqual(loadConfig({ env: {} }));
    expect(loadConfig({ file: write('nothing.yaml', '# nothing\n'), env: {} })).toEqual(
      loadConfig({ env: {} }),
    );
  });

  it('reads 5 as the version of MQTT that it spells', () => {
    expect(loadConfig({ file: write('five.yaml', 'bus: { protocol: 5 }'), env: {} }).bus.protocol).toBe('5');
  });
});

describe('a configuration with errors', () => {
  const file = write(
    'wrong.yaml',
    `bus:
  embedded:
    port: "1883"
    anonymous: no
http:
  prot: 1
  port: 70000
models:
  digits:
    budle: builtin:digits
    maxBatch: many
pipelines:
  door:
    use: classify
    sources: [desk, 7]
    models: { classifier: digit }
`,
  );

  it('names all of them at once, with path, line and what would be right', () => {
    const error = errorOf(() => loadConfig({ file, env: {} }));
    expect(error.code).toBe('CONFIG_INVALID');
    expect(problemsOf(error).map(({ path, line, received, hint }) => [path, line, received, hint])).toEqual([
      ['bus.embedded.port', 3, '"1883"', 'without quotes'],
      ['bus.embedded.anonymous', 4, '"no"', undefined],
      ['http.prot', 6, '"prot"', 'did you mean port?'],
      ['http.port', 7, '70000', undefined],
      ['models.digits.bundle', 9, 'nothing', undefined],
      ['models.digits.budle', 10, '"budle"', 'did you mean bundle?'],
      ['models.digits.maxBatch', 11, '"many"', undefined],
      ['pipelines.door.sources[1]', 15, '7', 'put it in quotes'],
      ['pipelines.door.models.classifier', 16, '"digit"', 'did you mean digits?'],
    ]);
  });

  it('reads as a list for people', () => {
    const { message } = errorOf(() => loadConfig({ file, env: {} }));
    const [title, ...lines] = message.split('\n');
    expect(title).toBe(`Expected a valid configuration but received 9 errors in ${file}:`);
    expect(lines).toHaveLength(9);
    expect(lines[3]).toBe(
      '  line 7: Expected a whole number from 0 to 65535 for http.port but received 70000',
    );
    expect(lines[5]).toBe(
      '  line 10: Expected a known key for models.digits.budle but received "budle" (did you mean bundle?)',
    );
  });

  it.each([
    ['a list', '- 1', '', 'a list'],
    ['a word where a section belongs', 'http: yes', 'http', 'a text'],
    ['a list where a map belongs', 'models: [digits]', 'models', 'a list'],
    [
      'a word where an entry belongs',
      'bus: { embedded: { users: { me: hunter2 } } }',
      'bus.embedded.users.me',
      'a text',
    ],
    ['a mapping where a number belongs', 'http: { port: { a: 1 } }', 'http.port', 'a mapping'],
    ['null where a number belongs', 'http: { port: }', 'http.port', 'null'],
    ['a number that is none', 'limits: { maxPixels: .nan }', 'limits.maxPixels', 'NaN'],
    ['a name that is no level of a topic', "models: { 'a/b': { bundle: x } }", 'models["a/b"]', '"a/b"'],
    [
      'a name that reaches into the program',
      'sources: { __proto__: { topic: x } }',
      'sources.__proto__',
      '"__proto__"',
    ],
    ['a reserved name', 'sources: { request: { topic: x } }', 'sources.request', '"request"'],
    ['credentials in a URL', 'bus: { url: "mqtt://me:hunter2@host" }', 'bus.url', '"mqtt://…@host"'],
  ])('refuses %s', (_, yaml, path, received) => {
    expect(problemsIn(write('one.yaml', yaml))).toMatchObject([{ path, received }]);
  });
});
