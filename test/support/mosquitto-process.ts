import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { endWithUs } from './end-with-us.ts';

/** Where mosquitto is, if it is installed. */
export const mosquittoFile = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin']
  .map((folder) => join(folder, 'mosquitto'))
  .find((file) => existsSync(file));

export interface MosquittoOptions {
  /** For its configuration and its store. */
  readonly folder: string;
  readonly port: number;
  /** Whether sessions outlive it; `true` if not given. */
  readonly persist?: boolean;
  /** Further lines of configuration. */
  readonly lines?: readonly string[];
}

/** A mosquitto of its own on loopback, which may be started again and again. */
export class MosquittoProcess {
  readonly port: number;
  readonly #options: MosquittoOptions;
  #child: ChildProcess | undefined;

  constructor(options: MosquittoOptions) {
    this.#options = options;
    this.port = options.port;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Resolves when it listens. */
  async start(): Promise<void> {
    const { folder, port, persist = true, lines = [] } = this.#options;
    if (!mosquittoFile) throw new Error('Expected mosquitto to be installed (apt-get install mosquitto)');
    const config = join(folder, 'mosquitto.conf');
    const text = [
      `listener ${port} 127.0.0.1`,
      'allow_anonymous true',
      ...(persist ? ['persistence true', `persistence_location ${folder}/`] : []),
      // Started by root it would become another user, who may not write here.
      ...(process.getuid?.() === 0 ? ['user root'] : []),
      ...lines,
      '',
    ].join('\n');
    await writeFile(config, text);
    const child = spawn(mosquittoFile, ['-c', config], { stdio: 'ignore' });
    this.#child = child;
    endWithUs(child);
    while (!(await listens(port))) {
      if (child.exitCode !== null) throw new Error(`mosquitto ended with ${child.exitCode}`);
      await delay(10);
    }
  }

  /** SIGKILL loses what is only in memory; SIGTERM writes the store. */
  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  }
}

async function listens(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
