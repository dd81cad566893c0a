import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Health } from '../../src/daemon/health.ts';
import { endWithUs } from './end-with-us.ts';

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
/** Characters that are kept. */
const maxStderr = 64 * 1024;

export interface DaemonOptions {
  readonly configFile: string;
  readonly httpPort: number;
  readonly env?: NodeJS.ProcessEnv;
  /** Who it runs as, where we may choose. */
  readonly uid?: number;
}

/** The built program as a process of its own, which may be started again and again. */
export class DaemonProcess {
  readonly #options: DaemonOptions;
  #child: ChildProcess | undefined;
  /** The end of what it said. */
  stderr = '';

  constructor(options: DaemonOptions) {
    this.#options = options;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  get running(): boolean {
    return this.#child?.exitCode === null && this.#child.signalCode === null;
  }

  /** Resolves when the gateway is ready. */
  async start(timeoutMs = 30_000): Promise<void> {
    const { configFile, httpPort, env, uid } = this.#options;
    const child = spawn(process.execPath, [main, 'run', '--config', configFile], {
      stdio: ['ignore', 'inherit', 'pipe'],
      env: { PATH: process.env.PATH, EDGEWARD_HTTP_PORT: String(httpPort), ...env },
      ...(uid === undefined ? {} : { uid, gid: uid }),
    });
    this.#child = child;
    endWithUs(child);
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr = (this.stderr + text).slice(-maxStderr);
    });
    const deadline = Date.now() + timeoutMs;
    while (!(await this.health())?.ready) {
      if (!this.running || Date.now() > deadline) {
        throw new Error(`Expected a gateway that is ready but received:\n${this.stderr}`);
      }
      await delay(30);
    }
  }

  async health(): Promise<Health | undefined> {
    try {
      return (await (await fetch(`http://127.0.0.1:${this.#options.httpPort}/healthz`)).json()) as Health;
    } catch {
      return undefined;
    }
  }

  /** The first value of a metric whose labels begin with `labels`; NaN where there is none. */
  async metric(name: string, labels = ''): Promise<number> {
    const text = await (await fetch(`http://127.0.0.1:${this.#options.httpPort}/metrics`)).text();
    const line = text.split('\n').find((one) => one.startsWith(`${name}${labels}`));
    return Number(line?.split(' ').at(-1) ?? Number.NaN);
  }

  /** Resolves when it has ended by itself, with the signal that ended it. */
  async ended(timeoutMs = 20_000): Promise<NodeJS.Signals | null> {
    const child = this.#child;
    if (!child) return null;
    if (this.running) await once(child, 'exit', { signal: AbortSignal.timeout(timeoutMs) });
    return child.signalCode;
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<number | null> {
    const child = this.#child;
    if (!child) return null;
    if (this.running) {
      child.kill(signal);
      await once(child, 'exit');
    }
    return child.exitCode;
  }
}
