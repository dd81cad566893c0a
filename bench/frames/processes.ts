import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { CameraJob, CameraReport } from './camera.ts';
import type { LimitJob } from './limit.ts';
import type { TrafficJob } from './traffic.ts';

const scriptOf = (name: string) => fileURLToPath(new URL(`./${name}.ts`, import.meta.url));

export function runCameras(job: CameraJob): Promise<CameraReport> {
  return runJob<CameraReport>('camera', job);
}

export function runLimit(job: LimitJob): Promise<{ frames: number; seconds: number; ms: number[] }> {
  return runJob('limit', job);
}

/** Messages a second that subscribers get. */
export function runTraffic(job: TrafficJob): Promise<number> {
  return runJob('traffic', job);
}

/** Runs a script to its end: a job on stdin, what it found on stdout. */
async function runJob<T>(name: string, job: object): Promise<T> {
  const child = start(name, [], 'pipe');
  child.stdin?.end(JSON.stringify(job));
  let text = '';
  for await (const chunk of child.stdout?.setEncoding('utf8') ?? []) text += chunk;
  return JSON.parse(text) as T;
}

export interface Rival {
  readonly pid: number;
  stop(): Promise<void>;
}

/** The straightforward program, subscribed. */
export async function startRival(url: string, engine: 'onnx' | 'tfjs', model: string): Promise<Rival> {
  // A topic of its own: who shares one works for the others too.
  const child = start('rival', [url, engine, model, engine], 'ignore');
  for await (const text of child.stdout?.setEncoding('utf8') ?? []) if (String(text).includes('ready')) break;
  return {
    pid: child.pid ?? 0,
    async stop() {
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    },
  };
}

function start(name: string, args: readonly string[], stdin: 'pipe' | 'ignore'): ChildProcess {
  return spawn(process.execPath, ['--import', 'tsx', scriptOf(name), ...args], {
    stdio: [stdin, 'pipe', 'inherit'],
  });
}
