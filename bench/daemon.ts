/** The built daemon as a process of its own, for benchmarks that go through MQTT. */
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DaemonProcess } from '../test/support/daemon-process.ts';
import { freePort } from '../test/support/free-port.ts';
import { cpuMs, treeCpuMs } from './cpu.ts';
import type { PublisherJob } from './publisher.ts';

const publisher = fileURLToPath(new URL('./publisher.ts', import.meta.url));
const startTimeoutMs = 60_000;

export interface BenchDaemon {
  readonly port: number;
  readonly pid: number;
  /** From the start of its first process until it said that it is ready, for which it is asked every 30 ms. */
  readonly readyAfterMs: number;
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
  const configFile = join(folder, 'bench.yaml');
  await writeFile(
    configFile,
    `gateway: { id: bench, stateDir: ./state }
bus: ${broker === undefined ? `{ embedded: { port: ${port} } }` : `{ url: '${broker}' }`}
log: { level: warn }
homeAssistant: { enabled: false }
${yaml}`,
  );
  const daemon = new DaemonProcess({ configFile, httpPort, env: { ...process.env, ...env } });
  const startedAt = performance.now();
  try {
    await daemon.start(startTimeoutMs);
  } catch (error) {
    await daemon.kill();
    throw error;
  }
  return {
    port,
    readyAfterMs: performance.now() - startedAt,
    get pid() {
      return daemon.pid;
    },
    metric: (name, labels) => daemon.metric(name, labels),
    cpuMs: () => cpuMs(daemon.pid),
    treeCpuMs: () => treeCpuMs(daemon.pid),
    async kill() {
      await daemon.kill();
    },
    restart: () => daemon.start(startTimeoutMs),
    async stop() {
      await daemon.kill('SIGTERM');
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
