import { once } from 'node:events';
import { createServer } from 'node:net';

/** Below the ports that systems give to whoever asks for any, so that nobody gets one of these by chance meanwhile. */
const first = 20_000;
const count = 10_000;

/** Processes that run side by side begin at different ports. */
let next = Math.floor(Math.random() * count);

/** A port of loopback that nobody listens on, another at each call: for programs that cannot choose one and tell. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < count; tries++) {
    const port = first + (next++ % count);
    if (await isFree(port)) return port;
  }
  throw new Error(`Expected a free port from ${first} to ${first + count - 1} but received none`);
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}
