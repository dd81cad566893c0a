import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { verifyPassword } from '../../src/config/password.ts';
import { scratchFolder } from '../config/scratch.ts';

const { write } = scratchFolder();
const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const config = (name: string) => fileURLToPath(new URL(`../../config/${name}`, import.meta.url));

/** Runs the built `edgeward config …`. */
async function run(
  args: readonly string[],
  { input = '', env = {} }: { input?: string; env?: Record<string, string> } = {},
) {
  const child = spawn(process.execPath, [main, 'config', ...args], {
    env: { PATH: process.env.PATH, ...env },
  });
  child.stdin.end(input);
  const code = new Promise<number | null>((resolve) => child.once('close', resolve));
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { code: await code, stdout, stderr };
}

describe('edgeward config reference', () => {
  it('prints the reference', async () => {
    const { code, stdout } = await run(['reference']);
    expect(code).toBe(0);
    expect(stdout).toBe(readFileSync(config('reference.yaml'), 'utf8'));
  });
});

describe('edgeward config check', () => {
  it('says what a good configuration has', async () => {
    expect(await run(['check', '--config', config('demo.yaml')])).toEqual({
      code: 0,
      stdout: `${config('demo.yaml')} is right: 1 model, 1 source, 1 pipeline.\n`,
      stderr: '',
    });
    expect(await run(['check'])).toMatchObject({
      code: 0,
      stdout: 'The environment is right: 0 models, 0 sources, 0 pipelines.\n',
    });
  });

  it('ends with 78 and every problem of a bad one', async () => {
    const file = write('bad.yaml', 'http: { port: high }\nmodel: {}\n');
    const { code, stdout, stderr } = await run(['check', '-c', file], { env: { EDGEWARD_HTTP_HOTS: '::1' } });
    expect([code, stdout]).toEqual([78, '']);
    expect(stderr.split('\n')).toEqual([
      `Expected a valid configuration but received 2 errors in ${file}:`,
      '  line 1: Expected a whole number from 0 to 65535 for http.port but received "high"',
      '  line 2: Expected a known key for model but received "model" (did you mean models?)',
      'EDGEWARD_HTTP_HOTS has no effect; did you mean EDGEWARD_HTTP_HOST?',
      '',
    ]);
  });

  it('checks what pipelines say of their options and models, and notes those that cannot be loaded', async () => {
    const models = 'models: { digits: { bundle: builtin:digits } }';
    const good = 'use: classify, models: { classifier: digits }';
    const wrong = `${models}\npipelines: { a: { ${good}, options: { minScor: 1 } }, b: { use: classify } }`;
    const { code, stdout } = await run(['check', '--json', '-c', write('options.yaml', wrong)]);
    expect(code).toBe(78);
    expect(JSON.parse(stdout).problems).toMatchObject([
      { path: 'pipelines.a.options.minScor', hint: 'did you mean minScore?' },
      { path: 'pipelines.b.models.classifier', received: 'nothing' },
    ]);
    const missing = write(
      'plug-in.yaml',
      `${models}\npipelines: { a: { ${good} }, b: { use: ./missing.js } }`,
    );
    const noted = await run(['check', '-c', missing]);
    expect(noted).toMatchObject({
      code: 0,
      stdout: `${missing} is right: 1 model, 0 sources, 2 pipelines.\n`,
    });
    expect(noted.stderr).toMatch(/^pipelines\.b will not run: .*missing\.js/);
  });

  it('tells programs the same as JSON', async () => {
    const file = write('bad.json.yaml', 'http: { port: high }\n');
    const bad = await run(['check', '--json', '-c', file]);
    expect(bad).toMatchObject({ code: 78, stderr: '' });
    expect(JSON.parse(bad.stdout)).toEqual({
      ok: false,
      file,
      problems: [
        { path: 'http.port', expected: 'a whole number from 0 to 65535', received: '"high"', line: 1 },
      ],
      notes: [],
    });
    const good = await run(['check', '--json', '-c', config('demo.yaml')]);
    expect(JSON.parse(good.stdout)).toEqual({ ok: true, file: config('demo.yaml'), problems: [], notes: [] });
  });
});

describe('edgeward config hash-password', () => {
  it('prints a hash of the first line of its input', async () => {
    const { code, stdout, stderr } = await run(['hash-password'], { input: 'correct horse\n' });
    expect([code, stderr]).toEqual([0, '']);
    expect(await verifyPassword('correct horse', stdout.trim())).toBe(true);
    expect(stdout).not.toContain('correct');
  });

  it('refuses an empty input', async () => {
    const { code, stdout, stderr } = await run(['hash-password']);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain('Expected a password on the input but received nothing');
  });
});
