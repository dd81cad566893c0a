import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type BusClient, connectClient } from '../../bus/external.ts';
import { GatewayError } from '../../errors.ts';

/** For small machines with other work; a gateway that ends is noticed at once. */
const startTimeoutMs = 60_000;
const main = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url));
const ordinary = fileURLToPath(new URL('../../../config/demo.yaml', import.meta.url));

export interface DemoGateway {
  readonly brokerUrl: string;
  readonly httpUrl: string;
  readonly client: BusClient;
  readonly exited: Promise<unknown>;
  stop(): Promise<void>;
}

/**
 * A gateway in its own process, on the usual ports where they are free.
 * @param options.config path; default: `config/demo.yaml`.
 */
export async function startGateway({
  stateDir,
  config = ordinary,
  logLevel = 'warn',
}: {
  readonly stateDir: string;
  readonly config?: string;
  readonly logLevel?: 'warn' | 'error';
}): Promise<DemoGateway> {
  const brokerPort = await freePort(1883);
  const httpPort = await freePort(9464);
  const child = spawn(process.execPath, [main, 'run', '--config', config], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: {
      EDGEWARD_LOG_LEVEL: logLevel,
      ...process.env,
      EDGEWARD_GATEWAY_STATE_DIR: stateDir,
      EDGEWARD_BUS_EMBEDDED_PORT: String(brokerPort),
      EDGEWARD_HTTP_PORT: String(httpPort),
    },
  });
  const exited = once(child, 'exit');
  const brokerUrl = `mqtt://127.0.0.1:${brokerPort}`;
  try {
    const client = await connectWhenUp(brokerUrl, child);
    const stop = async () => {
      await client.close();
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
      await exited;
    };
    return { brokerUrl, httpUrl: `http://127.0.0.1:${httpPort}`, client, exited, stop };
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
}

async function connectWhenUp(url: string, child: ChildProcess): Promise<BusClient> {
  const deadline = Date.now() + startTimeoutMs;
  for (;;) {
    if (child.exitCode !== null)
      throw new GatewayError('BUS_UNAVAILABLE', 'The gateway ended before it was ready');
    try {
      return await connectClient({ url, protocol: '3.1.1' });
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await delay(50);
    }
  }
}

/** `wanted` if nobody listens there, else any. */
async function freePort(wanted: number): Promise<number> {
  const server = createServer();
  const port = await new Promise<number>((resolve) => {
    server.once('error', () => resolve(0));
    server.listen(wanted, '127.0.0.1', () => resolve(wanted));
  });
  if (port === 0) server.listen(0, '127.0.0.1');
  if (!server.listening) await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address ? address.port : wanted;
}
