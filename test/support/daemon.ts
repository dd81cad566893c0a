import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import type { Health } from '../../src/daemon/health.ts';

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

/** The built program as a process of its own. */
export class Daemon {
  readonly #configFile: string;
  readonly #httpPort: number;
  readonly #env: NodeJS.ProcessEnv;
  #child: ChildProcess | undefined;
  stderr = '';

  constructor(options: { configFile: string; httpPort: number; env?: NodeJS.ProcessEnv }) {
    this.#configFile = options.configFile;
    this.#httpPort = options.httpPort;
    this.#env = options.env ?? {};
    onTestFinished(async () => {
      await this.kill();
    });
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Resolves when the gateway is ready. */
  async start(timeoutMs = 15_000): Promise<void> {
    const child = spawn(process.execPath, [main, 'run', '--config', this.#configFile], {
      stdio: ['ignore', 'inherit', 'pipe'],
      env: { PATH: process.env.PATH, EDGEWARD_HTTP_PORT: String(this.#httpPort), ...this.#env },
    });
    this.#child = child;
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    const deadline = Date.now() + timeoutMs;
    while (!(await this.health())?.ready) {
      if (child.exitCode !== null || Date.now() > deadline) {
        throw new Error(`Expected a gateway that is ready but received:\n${this.stderr}`);
      }
      await delay(30);
    }
  }

  async health(): Promise<Health | undefined> {
    try {
      return (await (await fetch(`http://127.0.0.1:${this.#httpPort}/healthz`)).json()) as Health;
    } catch {
      return undefined;
    }
  }

  /** Resolves when it has ended by itself, with the signal that ended it. */
  async ended(timeoutMs = 20_000): Promise<NodeJS.Signals | null> {
    const child = this.#child;
    if (!child) return null;
    if (child.exitCode === null && child.signalCode === null) {
      await once(child, 'exit', { signal: AbortSignal.timeout(timeoutMs) });
    }
    return child.signalCode;
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<number | null> {
    const child = this.#child;
    if (!child) return null;
    if (child.exitCode === null && child.signalCode === null) {
      child.kill(signal);
      await once(child, 'exit');
    }
    return child.exitCode;
  }
}
