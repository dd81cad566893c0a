import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { pino } from 'pino';
import { describe, expect, it, onTestFinished } from 'vitest';
import { checkConfiguration } from '../../src/cli/doctor/configuration.ts';
import type { Finding } from '../../src/cli/doctor/finding.ts';
import { checkCores, checkCpu, checkMemory } from '../../src/cli/doctor/machine.ts';
import { checkModels } from '../../src/cli/doctor/models.ts';
import { checkSurroundings } from '../../src/cli/doctor/surroundings.ts';
import { loadConfig } from '../../src/config/load.ts';
import { hashPassword } from '../../src/config/password.ts';
import { HttpServer } from '../../src/daemon/http.ts';
import { createMetrics } from '../../src/metrics.ts';
import { resolveBundle } from '../../src/models/builtin.ts';
import { startEmbedded, temporaryFolder } from '../bus/fixtures.ts';
import { freePort } from '../support/free-port.ts';
import { digitsYaml } from '../support/gateway.ts';
import { runProgram } from '../support/program.ts';

async function fileOf(yaml: string): Promise<string> {
  const file = join(await temporaryFolder(), 'edgeward.yaml');
  await writeFile(file, yaml);
  return file;
}

async function configOf(yaml: string) {
  const file = await fileOf(yaml);
  return loadConfig({ file, env: { EDGEWARD_GATEWAY_STATE_DIR: `${file}.state` } });
}

const finderOf = (findings: readonly Finding[]) => (what: string) =>
  findings.find((each) => each.what === what);

describe('edgeward doctor', () => {
  it('finds nothing that keeps a good configuration from its work, and says what it has looked at', async () => {
    const file = await fileOf(digitsYaml);
    const { code, stdout, stderr } = await runProgram(['doctor', '--config', file, '--json'], {
      env: { EDGEWARD_GATEWAY_STATE_DIR: `${file}.state` },
    });
    expect(stderr).toBe('');
    const { ok, findings } = JSON.parse(stdout) as { ok: boolean; findings: Finding[] };
    expect(findings.filter(({ status }) => status === 'fail')).toEqual([]);
    expect({ code, ok }).toEqual({ code: 0, ok: true });
    const whats = [
      'configuration',
      'pipelines.digits',
      'node',
      'platform',
      'cores',
      'memory',
      'disk',
      'http',
      'broker',
    ];
    expect(findings.map(({ what }) => what)).toEqual(expect.arrayContaining(whats));
    expect(finderOf(findings)('models.digits')?.text).toMatch(
      /^\d+\.\d+\.\d+ answers its \d+ golden samples/,
    );
  });

  it('tells people each failure with its advice, and fails', async () => {
    const { code, stdout } = await runProgram([
      'doctor',
      '-c',
      await fileOf('models:\n  digits: { bundel: x }\n'),
    ]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^fail {2}models\.digits\.bundel {2}.*, line 2\n {6}.*did you mean bundle\?/m);
    expect(stdout).toMatch(/^ok {4}node {14}\d+\.\d+\.\d+$/m);
    expect(stdout).toMatch(/\n\d+ of \d+ checks failed\.\n$/);
  });
});

describe('the check of the configuration', () => {
  it('lists everything that is wrong at once', async () => {
    const file = await fileOf('models:\n  digits: { bundel: x }\nhttp: { port: abc }\n');
    const { config, findings } = await checkConfiguration(file, {});
    expect(config).toBeUndefined();
    expect(findings.every(({ status, advice }) => status === 'fail' && advice)).toBe(true);
    expect(findings.map(({ what }) => what)).toEqual(
      expect.arrayContaining(['models.digits.bundel', 'models.digits.bundle', 'http.port']),
    );
  });

  it('finds a pipeline whose code is missing', async () => {
    const file = await fileOf(digitsYaml.replace('use: classify', 'use: ./missing.js'));
    const { findings } = await checkConfiguration(file, {});
    expect(finderOf(findings)('pipelines.digits')).toMatchObject({
      status: 'fail',
      text: expect.stringContaining('missing.js'),
    });
    const slip = await fileOf(digitsYaml.replace('use: classify', 'use: clasify'));
    const wrong = await checkConfiguration(slip, {});
    expect(finderOf(wrong.findings)('pipelines.digits')).toMatchObject({
      status: 'fail',
      text: expect.stringContaining('did you mean classify?'),
    });
  });

  it('wonders about a variable that means nothing', async () => {
    const { findings } = await checkConfiguration(await fileOf(digitsYaml), { EDGEWARD_GATEWAY_IDD: 'x' });
    expect(finderOf(findings)('environment')).toMatchObject({
      status: 'warn',
      text: expect.stringContaining('EDGEWARD_GATEWAY_ID'),
    });
  });
});

describe('the check of the surroundings', () => {
  it('finds a port that another program has, and says how to mend it', async () => {
    const other = createServer();
    onTestFinished(() => void other.close());
    const port = await freePort();
    await new Promise<void>((resolve) => other.listen(port, '127.0.0.1', resolve));
    const config = await configOf(digitsYaml.replace('port: 0, persist', `port: ${port}, persist`));
    expect(finderOf(await checkSurroundings(config))('broker')).toMatchObject({
      status: 'fail',
      text: expect.stringContaining(String(port)),
      advice: expect.stringContaining('bus.embedded.port'),
    });
  });

  it('knows a gateway that runs already, asks it how it is, and takes its ports for its own', async () => {
    const health = {
      alive: true,
      ready: false,
      reasons: ['the broker is away'],
      version: '1.2.3',
      uptimeS: 1,
      bus: { connected: false },
      models: {},
      pipelines: {},
      sources: {},
    };
    const port = await freePort();
    const server = new HttpServer({
      config: { enabled: true, host: '127.0.0.1', port, token: null },
      metrics: createMetrics(),
      health: () => health,
      log: pino({ level: 'silent' }),
    });
    onTestFinished(() => server.stop());
    await server.start(new AbortController().signal);
    const findings = await checkSurroundings(
      await configOf(digitsYaml.replace('http: { port: 0 }', `http: { port: ${port} }`)),
    );
    expect(finderOf(findings)('gateway')).toMatchObject({
      status: 'warn',
      text: 'edgeward 1.2.3 runs on this computer and says it is not ready: the broker is away',
    });
    expect(finderOf(findings)('broker')).toBeUndefined();
  });

  it('tries the external broker with its credentials', async () => {
    const user = { passwordHash: null, publish: [], subscribe: [] };
    const guarded = await startEmbedded({ embedded: { users: { camera: user } } });
    const open = await startEmbedded();
    const configFor = (url: string) =>
      configOf(
        digitsYaml.replace(
          /bus: .*/,
          `bus: { url: '${url}', protocol: '3.1.1', username: camera, password: wrong }`,
        ),
      );
    expect(finderOf(await checkSurroundings(await configFor(guarded.url)))('broker')).toMatchObject({
      status: 'fail',
      advice: expect.stringContaining('credentials'),
    });
    expect(finderOf(await checkSurroundings(await configFor(open.url)))('broker')).toMatchObject({
      status: 'ok',
    });
  });

  it('names every subscription that the broker refuses', async () => {
    const user = { passwordHash: await hashPassword('secret'), publish: [], subscribe: ['edgeward/#'] };
    const { url } = await startEmbedded({ embedded: { users: { camera: user } } });
    const bus = `bus: { url: '${url}', protocol: '3.1.1', username: camera, password: secret }`;
    const findings = await checkSurroundings(await configOf(digitsYaml.replace(/bus: .*/, bus)));
    const refused = findings.filter(({ what }) => what === 'broker');
    expect(refused).toMatchObject([{ status: 'fail', text: expect.stringMatching(/^cameras\/\+\/frame: /) }]);
  });

  it('finds a state directory that nothing can be written to', async () => {
    const file = await fileOf('');
    const config = loadConfig({ file, env: { EDGEWARD_GATEWAY_STATE_DIR: join(file, 'state') } });
    expect(finderOf(await checkSurroundings(config))('disk')).toMatchObject({ status: 'fail' });
  });
});

describe('the check of the models', () => {
  it('finds a damaged bundle', async () => {
    const bytes = await readFile(resolveBundle('builtin:digits'));
    const middle = Math.floor(bytes.length / 2);
    bytes.writeUInt8(bytes.readUInt8(middle) ^ 0xff, middle);
    const damaged = join(await temporaryFolder(), 'damaged.bundle');
    await writeFile(damaged, bytes);
    const config = await configOf(digitsYaml.replace('builtin:digits', damaged));
    expect(await checkModels(config)).toMatchObject([
      { what: 'models.digits', status: 'fail', text: expect.stringMatching(/^BUNDLE_INVALID: /) },
    ]);
  });
});

describe('what a processor offers to int8', () => {
  const cpuinfo = (key: string, flags: string) => `processor\t: 0\n${key}\t\t: ${flags}\n\nprocessor\t: 1\n`;

  it.each([
    ['x64', 'flags', 'fpu sse4_1 avx2 avx512f avx512_vnni', 'ok', 'avx512_vnni'],
    ['x64', 'flags', 'fpu sse4_1 avx2 avx_vnni', 'ok', 'avx_vnni'],
    ['x64', 'flags', 'fpu sse4_1 avx2', 'warn', 'avx2 without VNNI'],
    ['x64', 'flags', 'fpu sse4_1', 'warn', 'neither'],
    ['arm64', 'Features', 'fp asimd asimddp', 'ok', 'asimddp'],
    ['arm64', 'Features', 'fp asimd crc32', 'warn', 'no dot product'],
    ['riscv64', 'isa', 'rv64', 'warn', 'riscv64'],
  ])('%s with %s: %s', (architecture, key, flags, status, text) => {
    const finding = checkCpu(cpuinfo(key, flags), architecture);
    expect(finding).toMatchObject({ what: 'cpu', status, text: expect.stringContaining(text) });
    expect(finding.advice === undefined).toBe(status === 'ok');
  });
});

describe('what a configuration needs', () => {
  it('is compared with the cores', async () => {
    const config = await configOf("models:\n  a: { bundle: 'builtin:digits', instances: 2, threads: 2 }\n");
    expect(checkCores(config, 4).status).toBe('ok');
    expect(checkCores(config, 3)).toMatchObject({
      status: 'warn',
      text: expect.stringContaining('4 at once'),
    });
  });

  it('is compared with the memory', async () => {
    const config = await configOf("models:\n  a: { bundle: 'builtin:digits', instances: 2 }\n");
    expect(checkMemory(config, 430e6).status).toBe('ok');
    expect(checkMemory(config, 429e6).status).toBe('warn');
  });
});
