import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type DaemonOptions, DaemonProcess } from '../test/support/daemon-process.ts';
import { freePort } from '../test/support/free-port.ts';
import type { FlowJob, FlowReport } from './flow/messages.ts';
import { Flow } from './flow.ts';
import type { Scratch } from './scratch.ts';

const instances = 2;
const framesPerSecond = 100;
const repairMs = 30_000;

export interface GatewayOptions {
  /** Port of a broker elsewhere; the embedded one if not given. */
  readonly broker?: number;
  readonly folder?: string;
  /** Further sources, pipelines and sections, as lines of YAML. */
  readonly sources?: string;
  readonly pipelines?: string;
  readonly yaml?: string;
  /** A model process that does not answer for so long is ended; that of the configuration if not given. */
  readonly modelDeadlineMs?: number;
  readonly daemon?: Partial<DaemonOptions>;
}

export interface FaultyGateway {
  readonly daemon: DaemonProcess;
  /** Of the embedded broker. */
  readonly port: number;
  readonly folder: string;
}

/** A gateway of digits that judges and acknowledges every frame, in a folder of its own. Not started. */
export async function createGateway(scratch: Scratch, options: GatewayOptions = {}): Promise<FaultyGateway> {
  const folder = options.folder ?? (await scratch.folder());
  const [port, httpPort] = [await freePort(), await freePort()];
  const configFile = join(folder, 'edgeward.yaml');
  const elsewhere = `{ url: 'mqtt://127.0.0.1:${options.broker}', keepaliveS: 2, reconnect: { minMs: 50, maxMs: 500 } }`;
  const embedded = `{ embedded: { port: ${port} } }`;
  const deadline = options.modelDeadlineMs === undefined ? '' : `, timeoutMs: ${options.modelDeadlineMs}`;
  await writeFile(
    configFile,
    `gateway: { id: gw, stateDir: ./state }
bus: ${options.broker === undefined ? embedded : elsewhere}
log: { level: warn }
homeAssistant: { enabled: false }
models: { digits: { bundle: 'builtin:digits', instances: ${instances}, maxBatch: 32${deadline} } }
sources:
  cameras: { topic: 'cameras/{source}/frame' }
${options.sources ?? ''}
pipelines:
  digits: { use: classify, models: { classifier: digits }, sources: [cameras], mailbox: every }
${options.pipelines ?? ''}
${options.yaml ?? ''}`,
  );
  const daemon = new DaemonProcess({ configFile, httpPort, ...options.daemon });
  scratch.use(daemon, () => daemon.kill());
  return { daemon, port, folder };
}

/** Frames of one camera, and who reads its results. */
export async function startFlow(
  scratch: Scratch,
  name: string,
  load: Pick<FlowJob, 'port' | 'judgePort'> & Partial<FlowJob>,
): Promise<Flow> {
  const flow = await Flow.start({
    name,
    topic: 'cameras/desk/frame',
    results: 'edgeward/gw/desk/digits/result',
    framesPerSecond,
    pictures: load.pictures ?? (await digits()),
    ...load,
  });
  return scratch.use(flow, () => flow.stop());
}

/** Base64 of the pictures of the digits. */
export async function digits(): Promise<string[]> {
  const folder = new URL('../examples/digits/', import.meta.url);
  const names = (await readdir(folder)).filter((name) => name.endsWith('.png'));
  return Promise.all(names.map((name) => readFile(new URL(name, folder), 'base64')));
}

/** Model processes that are up. */
export async function modelPids(daemon: DaemonProcess): Promise<number[]> {
  const health = await daemon.health();
  const digits = health?.models.digits as { processes: { pid: number }[] } | undefined;
  return digits?.processes.map(({ pid }) => pid) ?? [];
}

/** Ms until every model process is up again, and `gone` is not among them; `null` if that takes too long. */
export async function repaired(daemon: DaemonProcess, gone?: number): Promise<number | null> {
  const startedAt = performance.now();
  while (performance.now() - startedAt < repairMs) {
    const pids = await modelPids(daemon);
    if (pids.length === instances && !pids.includes(gone ?? 0)) return performance.now() - startedAt;
    await delay(30);
  }
  return null;
}

/** The longer of two times, or `null` where one of them never came. */
export function later(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : Math.max(a, b);
}

export function tell(say: (line: string) => void, name: string, flow: FlowReport): void {
  const { sent, acknowledged, results, lost, duplicated } = flow;
  say(
    `${name}: ${sent} sent, ${acknowledged} acknowledged, ${results} with a result, ${lost.length} lost, ` +
      `${duplicated} twice; p99 ${flow.latencyMs.p99} ms`,
  );
}
