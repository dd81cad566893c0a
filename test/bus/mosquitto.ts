import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { delimiter, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { temporaryFolder } from './fixtures.ts';

const binary = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin']
  .map((folder) => join(folder, 'mosquitto'))
  .find((file) => existsSync(file));

/** Why tests with mosquitto are skipped, if they are. In CI they never are: there its absence is a failure. */
export const withoutMosquitto = binary || process.env.CI ? undefined : 'mosquitto is not installed';

export interface Mosquitto {
  readonly url: string;
  /** The same broker again, on the same port and store. */
  start(): Promise<void>;
  /** SIGKILL loses what is only in memory; SIGTERM writes the store. */
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
}

/** A mosquitto of its own on a free port, with further lines of configuration; gone when the test is over. */
export async function startMosquitto(lines: readonly string[] = [], scheme = 'mqtt'): Promise<Mosquitto> {
  if (!binary) throw new Error('Expected mosquitto to be installed (apt-get install mosquitto)');
  const file = binary;
  const folder = await temporaryFolder();
  const port = await freePort();
  const config = join(folder, 'mosquitto.conf');
  await writeFile(
    config,
    [
      `listener ${port} 127.0.0.1`,
      'allow_anonymous true',
      'persistence true',
      `persistence_location ${folder}/`,
      // Started by root it would become another user, who may not write here.
      ...(process.getuid?.() === 0 ? ['user root'] : []),
      ...lines,
      '',
    ].join('\n'),
  );
  let child: ChildProcess | undefined;
  const broker: Mosquitto = {
    url: `${scheme}://127.0.0.1:${port}`,
    async start() {
      child = spawn(file, ['-c', config], { stdio: 'ignore' });
      await listening(port, child);
    },
    async stop(signal = 'SIGTERM') {
      if (!child || child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      child.kill(signal);
      await exited;
    },
  };
  onTestFinished(() => broker.stop('SIGKILL'));
  await broker.start();
  return broker;
}

async function listening(port: number, child: ChildProcess): Promise<void> {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`mosquitto ended with ${child.exitCode}`);
    const socket = connect(port, '127.0.0.1');
    try {
      await once(socket, 'connect');
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 10));
    } finally {
      socket.destroy();
    }
  }
}
