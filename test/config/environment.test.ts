import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isLeaf } from '../../src/config/convict.ts';
import type { Schema } from '../../src/config/convict-schema.ts';
import { strayVariables } from '../../src/config/environment.ts';
import { loadConfig } from '../../src/config/load.ts';
import { formatOf } from '../../src/config/native-formats.ts';
import { schema } from '../../src/config/schema.ts';
import { errorOf, problemsIn, problemsOf, scratchFolder } from './scratch.ts';

const { folder, write } = scratchFolder();
const file = write('base.yaml', 'http: { port: 1000 }\nbus: { url: mqtt://file }\n');

function leaves(
  section: Schema,
  at: readonly string[] = [],
): { path: string; env: string | undefined; map: boolean }[] {
  return Object.entries(section).flatMap(([key, node]) =>
    isLeaf(node)
      ? [{ path: [...at, key].join('.'), env: node.env, map: formatOf(node).entries !== undefined }]
      : leaves(node, [...at, key]),
  );
}

describe('the environment', () => {
  it('has a variable for everything that is no map, named by its path', () => {
    for (const { path, env, map } of leaves(schema)) {
      const name = `EDGEWARD_${path
        .replaceAll('.', '_')
        .replace(/(?<=[a-z])(?=[A-Z])/g, '_')
        .toUpperCase()}`;
      expect(env).toBe(map ? undefined : name);
    }
  });

  it('wins over the file', () => {
    const env = {
      EDGEWARD_HTTP_PORT: '2000',
      EDGEWARD_HTTP_ENABLED: 'false',
      EDGEWARD_BUS_URL: 'null',
      EDGEWARD_GATEWAY_ID: '42',
      EDGEWARD_BUS_PROTOCOL: '5',
      EDGEWARD_BUS_EMBEDDED_TLS_CERT: 'certs/b.pem',
      EDGEWARD_BUS_EMBEDDED_TLS_KEY: '/keys/b.pem',
    };
    const config = loadConfig({ file, env });
    expect(config.http).toMatchObject({ port: 2000, enabled: false });
    expect(config.bus).toMatchObject({ url: null, protocol: '5' });
    expect(config.gateway.id).toBe('42');
    expect(config.bus.embedded.tls).toMatchObject({
      cert: join(process.cwd(), 'certs/b.pem'),
      key: '/keys/b.pem',
    });
  });

  it('says nothing with an empty variable', () => {
    const config = loadConfig({ file, env: { EDGEWARD_HTTP_PORT: '', EDGEWARD_BUS_URL_FILE: '' } });
    expect([config.http.port, config.bus.url]).toEqual([1000, 'mqtt://file']);
  });

  it('takes values from files by _FILE, without the last newline', () => {
    const password = write('password', ' two words \n');
    const env = { EDGEWARD_BUS_PASSWORD_FILE: password, EDGEWARD_BUS_USERNAME: 'me' };
    expect(loadConfig({ file, env }).bus.password).toBe(' two words ');
  });

  it('is blamed for what it says, and not the file', () => {
    const env = { EDGEWARD_HTTP_PORT: '12abc', EDGEWARD_LOG_LEVEL_FILE: write('level', 'loud\n') };
    expect(problemsIn(file, env)).toEqual([
      {
        path: 'http.port',
        expected: 'a whole number from 0 to 65535',
        received: '"12abc"',
        hint: 'set by EDGEWARD_HTTP_PORT',
        line: undefined,
      },
      expect.objectContaining({
        path: 'log.level',
        received: '"loud"',
        hint: 'set by EDGEWARD_LOG_LEVEL_FILE',
      }),
    ]);
  });

  it('refuses a variable beside its file, and a file that is not there', () => {
    const missing = join(folder, 'missing');
    const env = {
      EDGEWARD_HTTP_PORT: '1',
      EDGEWARD_HTTP_PORT_FILE: file,
      EDGEWARD_BUS_URL_FILE: missing,
    };
    expect(problemsIn(file, env)).toMatchObject([
      { path: 'http.port', received: 'both' },
      { path: 'bus.url', received: `no such file at ${missing}` },
    ]);
  });

  it('leaves a wrong section to be reported', () => {
    const wrong = write('section.yaml', 'http: 5');
    expect(problemsIn(wrong, { EDGEWARD_HTTP_PORT: '1' })).toMatchObject([
      { path: 'http', received: 'a number' },
    ]);
  });

  it('has a note for a variable that is meant for edgeward and unknown', () => {
    const env = {
      EDGEWARD_BUS_PASWORD: 'x',
      EDGEWARD_SERVICE_HOST: 'x',
      EDGEWARD_BUS_URL_FILE: 'x',
      HOME: '/',
    };
    expect(strayVariables(schema, env)).toEqual([
      'EDGEWARD_BUS_PASWORD has no effect; did you mean EDGEWARD_BUS_PASSWORD?',
      'EDGEWARD_SERVICE_HOST has no effect',
    ]);
  });
});

describe('secrets', () => {
  const secretive = write(
    'secret/edgeward.yaml',
    'bus: { url: mqtt://b, username: me, password: !secret mqtt }\n',
  );

  it('come from the folder beside the file', () => {
    write('secret/secrets/mqtt', 'beside\r\n');
    expect(loadConfig({ file: secretive, env: {} }).bus.password).toBe('beside');
  });

  it('come from the credentials of the service first', () => {
    write('credentials/mqtt', 'passed on');
    write('secret/secrets/mqtt', 'beside');
    const at = (credentials: string) => ({ CREDENTIALS_DIRECTORY: join(folder, credentials) });
    expect(loadConfig({ file: secretive, env: at('credentials') }).bus.password).toBe('passed on');
    expect(loadConfig({ file: secretive, env: at('no-such-folder') }).bus.password).toBe('beside');
  });

  it('come from anywhere by an absolute path', () => {
    const anywhere = write('anywhere', '12345\n');
    const yaml = `bus: { url: mqtt://b, username: me, password: !secret ${anywhere} }`;
    expect(loadConfig({ file: write('absolute.yaml', yaml), env: {} }).bus.password).toBe('12345');
  });

  it('are missed by their path, with how to supply them', () => {
    const missing = write('missing/edgeward.yaml', 'bus:\n  password: !secret nope\n  username: me\n');
    const [problem, ...others] = problemsIn(missing, { CREDENTIALS_DIRECTORY: '/run/credentials/edgeward' });
    const place = join(folder, 'missing/secrets/nope');
    expect(others).toEqual([]);
    expect(problem).toMatchObject({ path: 'bus.password', line: 2, received: `no such file at ${place}` });
    expect(problem?.hint).toBe(`write it to ${place}, or pass it on with LoadCredential=nope:FILE`);
  });

  it('are never printed, wherever they were put', () => {
    const word = 'hunter2hunter2';
    write('leak/secrets/word', word);
    const leaky = write(
      'leak/edgeward.yaml',
      `
http: { port: !secret word }
log: !secret word
bus:
  url: !secret word
  password: [${word}]
  embedded: { users: { a: ${word}, b: { passwordHash: ${word} } } }
sources: { a: { topic: !secret word }, b: { topic: !secret word } }
pipelines: { a: { use: classify, models: { classifier: !secret word }, sources: [!secret word] } }
`,
    );
    const error = errorOf(() => loadConfig({ file: leaky, env: {} }));
    expect(problemsOf(error).length).toBeGreaterThanOrEqual(8);
    expect(JSON.stringify([error.message, error.details])).not.toContain(word);
  });

  it('are not printed by a slip of syntax either', () => {
    const slips = [
      'password: "hunter2" hunter2',
      'password: hunter2: x',
      'a: [1\npassword: @hunter2',
      'hunter2\n- hunter2',
    ];
    for (const slip of slips) {
      const error = errorOf(() => loadConfig({ file: write('slip.yaml', slip), env: {} }));
      expect(JSON.stringify([error.message, error.details])).not.toContain('hunter2');
    }
  });
});
