/** The built daemon as a process of its own, for benchmarks that go through MQTT. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from '../test/support/free-port.ts';
import { cpuMs, treeCpuMs } from './cpu.ts';
import type { PublisherJob } from './publisher.ts';

const main = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
const publisher = fileURLToPath(new URL('./publisher.ts', import.meta.url));
const startTimeoutMs = 20_000;

export interface BenchDaemon {
  readonly port: number;
  readonly pid: number;
  metric(name: string, labels?: string): Promise<number>;
  /** CPU time of the daemon's own process since its start, ms. */
  cpuMs(): Promise<number>;
  /** The same with its model processes. */
  treeCpuMs(): Promise<number>;
  /** SIGKILL. */
  kill(): Promise<void>;
  /** Starts it again, with the state that it left. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts a daemon with the embedded broker, or as a client of `broker`; `yaml` says the rest, and `env` what wins
 * over it.
 */
export async function startDaemon(
  yaml: string,
  broker?: string,
  env: NodeJS.ProcessEnv = {},
): Promise<BenchDaemon> {
  const folder = await mkdtemp(join(tmpdir(), 'edgeward-bench-'));
  const [port, httpPort] = [await freePort(), await freePort()];
  const config = join(folder, 'bench.yaml');
  await writeFile(
    config,
    `gateway: { id: bench, stateDir: ./state }
bus: ${broker === undefined ? `{ embedded: { port: ${port} } }` : `{ url: '${broker}' }`}
http: { port: ${httpPort} }
log: { level: warn }
homeAssistant: { enabled: false }
${yaml}`,
  );
  const start = async () => {
    const child = spawn(process.execPath, [main, 'run', '--config', config], {
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, ...env },
    });
    await whenReady(child, `http://127.0.0.1:${httpPort}/readyz`);
    return child;
  };
  let child = await start();
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    await once(child, 'exit');
  };
  return {
    port,
    get pid() {
      return child.pid ?? 0;
    },
    async metric(name, labels = '') {
      const text = await (await fetch(`http://127.0.0.1:${httpPort}/metrics`)).text();
      const line = text.split('\n').find((one) => one.startsWith(`${name}${labels}`));
      return Number(line?.split(' ').at(-1) ?? Number.NaN);
    },
    cpuMs: () => cpuMs(child.pid ?? 0),
    treeCpuMs: () => treeCpuMs(child.pid ?? 0),
    kill: () => end('SIGKILL'),
    async restart() {
      child = await start();
    },
    async stop() {
      await end('SIGTERM');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Runs a publisher to its end. Returns acknowledged messages a second. */
export async function publish(job: PublisherJob): Promise<number> {
  const child = spawn(process.execPath, ['--import', 'tsx', publisher], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdin.end(JSON.stringify(job));
  let text = '';
  for await (const chunk of child.stdout.setEncoding('utf8')) text += chunk;
  const { acknowledged, seconds } = JSON.parse(text) as { acknowledged: number; seconds: number };
  return acknowledged / seconds;
}

async function whenReady(child: ChildProcess, url: string): Promise<void> {
  const deadline = Date.now() + startTimeoutMs;
  for (;;) {
    const ready = await fetch(url).then(
      ({ ok }) => ok,
      () => false,
    );
    if (ready) return;
    if (child.exitCode !== null || Date.now() > deadline) throw new Error('Expected a gateway that is ready');
    await delay(30);
  }
}
