/**
 * What a user gets: packs edgeward, installs it into a copy of the example plug-in, and uses it there: the command,
 * the demo, the example's own test, and a gateway with the plug-in that answers over MQTT.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { connectAsync } from 'mqtt';

const run = promisify(execFile);
const root = fileURLToPath(new URL('..', import.meta.url));
const startTimeoutMs = 20_000;

const folder = await mkdtemp(join(tmpdir(), 'edgeward-packed-'));
try {
  const plugIn = join(folder, 'plugin');
  await cp(join(root, 'examples/plugin-counter'), plugIn, { recursive: true });
  await step('pack and install', () => install(plugIn));
  const edgeward = join(plugIn, 'node_modules/.bin/edgeward');
  await step('edgeward --version', () => checkVersion(edgeward));
  await step('edgeward demo', () => checkDemo(edgeward));
  await step('the test of the plug-in', () => run('npm', ['test'], { cwd: plugIn }));
  await step('a gateway with the plug-in', () => checkGateway(edgeward, plugIn));
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function step(name: string, work: () => Promise<unknown>): Promise<void> {
  const start = performance.now();
  await work();
  process.stderr.write(`packed: ${name}: ${((performance.now() - start) / 1000).toFixed(1)} s\n`);
}

async function install(plugIn: string): Promise<void> {
  // Built already, and the models of presence are no part of this check.
  const pack = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder];
  const [packed]: { filename: string }[] = JSON.parse((await run('npm', pack, { cwd: root })).stdout);
  if (!packed) throw new Error('Expected a package of npm pack but received none');
  // As .npmrc of the project says: the runtime fetches no GPU libraries.
  const env = { ...process.env, npm_config_onnxruntime_node_install: 'skip' };
  // With the scripts of the libraries, as a user installs them.
  const quiet = ['--prefer-offline', '--no-audit', '--no-fund'];
  await run('npm', ['install', ...quiet, join(folder, packed.filename)], { cwd: plugIn, env });
}

async function checkVersion(edgeward: string): Promise<void> {
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  const { stdout } = await run(edgeward, ['--version']);
  expectText(stdout, version);
}

async function checkDemo(edgeward: string): Promise<void> {
  const { stdout } = await run(edgeward, ['demo', '--count', '3', '--rate', '20'], { cwd: folder });
  expectText(stdout, 'of 3 digits read');
}

/** Asks it for a digit, and expects what the plug-in makes of the answer of a built-in model. */
async function checkGateway(edgeward: string, plugIn: string): Promise<void> {
  const args = ['run', '--config', join(plugIn, 'edgeward.yaml')];
  const env = {
    ...process.env,
    EDGEWARD_GATEWAY_STATE_DIR: join(folder, 'state'),
    EDGEWARD_BUS_EMBEDDED_PORT: '0',
    EDGEWARD_HTTP_PORT: '0',
    EDGEWARD_LOG_FORMAT: 'json',
  };
  const gateway = spawn(edgeward, args, { cwd: folder, env, stdio: ['ignore', 'inherit', 'pipe'] });
  try {
    const client = await connectAsync(await brokerOf(gateway));
    try {
      const answer = new Promise<Buffer>((resolve) => {
        client.once('message', (_topic, payload) => resolve(payload));
      });
      await client.subscribeAsync('edgeward/counter/desk/counter/result');
      await client.publishAsync('cameras/desk/frame', await readFile(join(root, 'examples/digits/7-0.png')));
      const payload = await Promise.race([answer, delay(startTimeoutMs, 'no answer', { ref: false })]);
      expectText(payload.toString(), '"label":"7"');
    } finally {
      await client.endAsync(true);
    }
    gateway.kill('SIGTERM');
    const [code] = await once(gateway, 'exit');
    if (code !== 0) throw new Error(`Expected exit code 0 of the gateway but received ${code}`);
  } finally {
    gateway.kill('SIGKILL');
  }
}

/** Its log tells where the broker listens. */
async function brokerOf(gateway: ChildProcess): Promise<string> {
  let log = '';
  gateway.stderr?.on('data', (chunk) => {
    log += chunk;
  });
  const deadline = Date.now() + startTimeoutMs;
  while (Date.now() < deadline && gateway.exitCode === null) {
    const url = /mqtt:\/\/127\.0\.0\.1:\d+/.exec(log)?.[0];
    if (url && log.includes('Gateway started')) return url;
    await delay(50);
  }
  throw new Error(`Expected a gateway that starts but received:\n${log}`);
}

function expectText(received: string, expected: string): void {
  if (!received.includes(expected)) throw new Error(`Expected ${expected} but received:\n${received}`);
}
