import { describe, expect, it } from 'vitest';
import { isLoopback } from '../../src/config/broker-checks.ts';
import { problemsIn, scratchFolder } from './scratch.ts';

const { write } = scratchFolder();
const hash = 'scrypt$32768$8$1$KKIu1PWIX3pybLXBQSojjw==$13i7fGcoRY2qh7anoNHT8k4lhO4R+7hG2a/v1hF5GSs=';

function paths(yaml: string): string[] {
  return problemsIn(write('crossed.yaml', yaml)).map(({ path }) => path);
}

const embedded = (settings: string) => `bus: { embedded: { ${settings} } }`;

describe('the embedded broker', () => {
  it.each([
    ['to this machine alone', "host: '::1'"],
    ['with users', `host: 0.0.0.0, users: { me: { passwordHash: '${hash}' } }`],
    [
      'with client certificates',
      "host: '::', port: null, tls: { port: 8883, cert: c, key: k, clientCa: ca }",
    ],
    ['to anyone, said in so many words', 'host: 0.0.0.0, anonymous: true'],
  ])('may listen %s', (_, settings) => {
    expect(paths(embedded(settings))).toEqual([]);
  });

  it.each([
    ['without users', 'host: 0.0.0.0'],
    ['to an interface that may be anywhere', 'host: gateway.local'],
    ['with authorities but no TLS listener', 'host: 0.0.0.0, tls: { clientCa: ca }'],
  ])('may not listen wide %s', (_, settings) => {
    const [problem, ...others] = problemsIn(write('wide.yaml', embedded(settings)));
    expect(others).toEqual([]);
    expect(problem).toMatchObject({ path: 'bus.embedded.host', line: 1 });
    expect(problem?.hint).toMatch(/hash-password.*clientCa.*anonymous: true/);
  });

  it('is no matter with an external broker', () => {
    expect(paths('bus: { url: mqtt://broker, embedded: { host: 0.0.0.0 } }')).toEqual([]);
  });

  it.each([
    ['a certificate without its key', 'tls: { port: 8883, cert: c }', ['bus.embedded.tls.key']],
    ['a key without its certificate', 'tls: { port: 8883, key: k }', ['bus.embedded.tls.cert']],
    ['TLS without either', 'tls: { port: 8883 }', ['bus.embedded.tls.cert']],
    ['no listener at all', 'port: null', ['bus.embedded']],
    ['a user who cannot log in', 'users: { me: {} }', ['bus.embedded.users.me.passwordHash']],
    [
      'a password where a hash belongs',
      'users: { me: { passwordHash: hunter2 } }',
      ['bus.embedded.users.me.passwordHash'],
    ],
  ])('refuses %s', (_, settings, expected) => {
    expect(paths(embedded(settings))).toEqual(expected);
  });

  it('lets a user in by certificate', () => {
    const tls = 'tls: { port: 8883, cert: c, key: k, clientCa: ca }';
    expect(paths(embedded(`${tls}, users: { me: { subscribe: ['#'] } }`))).toEqual([]);
  });
});

describe('an external broker', () => {
  it.each([
    ['a scheme of the web', 'url: http://broker', ['bus.url']],
    ['no scheme', 'url: broker:1883', ['bus.url']],
    ['certificates without TLS', 'url: mqtt://broker, tls: { ca: ca.pem }', ['bus.url']],
    ['a client certificate without its key', 'url: mqtts://broker, tls: { cert: c.pem }', ['bus.tls.key']],
    ['a password without a user', 'url: mqtt://broker, password: x', ['bus.username']],
    ['a longest wait that is shorter', 'reconnect: { minMs: 500, maxMs: 100 }', ['bus.reconnect.maxMs']],
  ])('refuses %s', (_, settings, expected) => {
    expect(paths(`bus: { ${settings} }`)).toEqual(expected);
  });

  it.each(['mqtt://broker', 'mqtts://broker:8883', 'ws://broker/mqtt', 'wss://[::1]:443/mqtt'])(
    'takes %s',
    (url) => {
      expect(paths(`bus: { url: '${url}', tls: {} }`)).toEqual([]);
    },
  );
});

describe('sources and pipelines', () => {
  const gateway = 'gateway: { id: gw }\n';

  it('refuses two sources of one topic', () => {
    const sources = "sources: { a: { topic: 'x/{source}' }, b: { topic: 'x/{source}' }, c: { topic: x/c } }";
    expect(problemsIn(write('twice.yaml', sources))).toMatchObject([
      { path: 'sources.b.topic', received: 'the one of sources.a' },
    ]);
  });

  it('takes further topics of a source, each its own and named alike', () => {
    const sources = (topic: string, topics: string) =>
      paths(`${gateway}sources: { a: { topic: '${topic}', topics: [${topics}] }, b: { topic: y } }`);
    expect(sources('x/{source}/temp', "'x/{source}/load', 'z/{source}'")).toEqual([]);
    expect(sources('x', 'z, x/y')).toEqual([]);
    expect(sources('x/{source}', 'z')).toEqual(['sources.a.topics[0]']);
    expect(sources('x', "z, 'z/{source}'")).toEqual(['sources.a.topics[1]']);
    expect(sources('x', 'x')).toEqual(['sources.a.topics[0]']);
    expect(sources('x', 'edgeward/gw/a/b/result')).toEqual(['sources.a.topics[0]']);
    expect(sources('x', 'y')).toEqual(['sources.b.topic']);
  });

  it.each([
    'edgeward/gw/desk/digits/image',
    'edgeward/gw/{source}/digits/image',
    'edgeward/{source}/a',
    '{source}/gw/x',
  ])('refuses %s, where the gateway itself may publish', (topic) => {
    expect(paths(`${gateway}sources: { a: { topic: '${topic}' } }`)).toEqual(['sources.a.topic']);
  });

  it.each(['edgeward/other/desk/digits/image', 'edgeward/gw', '{source}/frame', '/cameras/{source}'])(
    'takes %s',
    (topic) => {
      expect(paths(`${gateway}sources: { a: { topic: '${topic}' } }`)).toEqual([]);
    },
  );

  it('refuses names of models and sources that are not there, with what may be meant', () => {
    const file = write(
      'names.yaml',
      `
models: { digits: { bundle: builtin:digits } }
sources: { desk: { topic: desk/frame } }
pipelines:
  a: { use: classify, sources: [desc], models: { classifier: digit } }
  b: { use: classify, sources: ['*', desk], models: { classifier: toString } }
`,
    );
    expect(problemsIn(file).map(({ path, hint }) => [path, hint])).toEqual([
      ['pipelines.a.sources[0]', 'did you mean desk?'],
      ['pipelines.a.models.classifier', 'did you mean digits?'],
      ['pipelines.b.sources[0]', undefined],
      ['pipelines.b.models.classifier', 'known here: digits'],
    ]);
  });

  it('wants samples that are to go up to be kept, and a broker that they go to', () => {
    expect(paths('samples: { uplink: true }')).toEqual(['samples.uplink', 'samples.uplink']);
    expect(paths('samples: { enabled: true, uplink: true }')).toEqual(['samples.uplink']);
    const cloud = "uplink: { url: 'mqtt://127.0.0.1:1' }";
    expect(paths(`samples: { enabled: true, uplink: true }\n${cloud}`)).toEqual([]);
  });

  it('does not blame a pipeline for a model that is there but wrong', () => {
    const yaml =
      'models: { digits: { bundle: 7 } }\npipelines: { a: { use: classify, models: { classifier: digits } } }';
    expect(paths(yaml)).toEqual(['models.digits.bundle']);
  });
});

describe('isLoopback', () => {
  it.each(['127.0.0.1', '127.8.9.10', '::1', 'localhost'])('%s is', (host) =>
    expect(isLoopback(host)).toBe(true),
  );
  it.each(['0.0.0.0', '::', '128.0.0.1', '::2', 'localhost.example', ''])('%s is not', (host) =>
    expect(isLoopback(host)).toBe(false),
  );
});
