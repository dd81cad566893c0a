import { onTestFinished } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { MosquittoProcess, mosquittoFile } from '../support/mosquitto-process.ts';
import { temporaryFolder } from './fixtures.ts';

/** Why tests with mosquitto are skipped, if they are. In CI they never are: there its absence is a failure. */
export const withoutMosquitto = mosquittoFile || process.env.CI ? undefined : 'mosquitto is not installed';

export interface Mosquitto {
  readonly url: string;
  /** The same broker again, on the same port and store. */
  start(): Promise<void>;
  /** SIGKILL loses what is only in memory; SIGTERM writes the store. */
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
}

/** A mosquitto of its own on a free port, with further lines of configuration; gone when the test is over. */
export async function startMosquitto(lines: readonly string[] = [], scheme = 'mqtt'): Promise<Mosquitto> {
  const port = await freePort();
  const broker = new MosquittoProcess({ folder: await temporaryFolder(), port, lines });
  onTestFinished(() => broker.stop('SIGKILL'));
  await broker.start();
  return {
    url: `${scheme}://127.0.0.1:${port}`,
    start: () => broker.start(),
    stop: (signal) => broker.stop(signal),
  };
}
