import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../test/support/free-port.ts';
import { MosquittoProcess, mosquittoFile } from '../test/support/mosquitto-process.ts';

export interface Mosquitto {
  readonly port: number;
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
}

/** A mosquitto of its own on a free port; `undefined` where it is not installed. */
export async function startMosquitto(): Promise<Mosquitto | undefined> {
  if (mosquittoFile === undefined) return undefined;
  const folder = await mkdtemp(join(tmpdir(), 'edgeward-bench-'));
  const lines = ['max_queued_messages 0'];
  const broker = new MosquittoProcess({ folder, port: await freePort(), persist: false, lines });
  await broker.start();
  return {
    port: broker.port,
    url: `mqtt://127.0.0.1:${broker.port}`,
    pid: broker.pid,
    async stop() {
      await broker.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
