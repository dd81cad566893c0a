import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { generate, parser } from 'mqtt-packet';
import { onTestFinished } from 'vitest';

export type Packet = {
  cmd: string;
  messageId?: number;
  topic?: string;
  payload?: unknown;
  subscriptions?: { qos: number }[];
};

/** A broker that does as the test says, with the packets of one client. */
export async function startScriptedBroker(port: number, onPacket: (packet: Packet, socket: Socket) => void) {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    const parse = parser();
    parse.on('packet', (packet) => onPacket({ ...packet }, socket));
    socket.on('data', (chunk: Buffer) => parse.parse(chunk));
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const close = () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  onTestFinished(close);
  return { close };
}

/** What every broker answers. */
export function answer(packet: Packet, socket: Socket, sessionPresent = false): void {
  const { messageId = 0 } = packet;
  if (packet.cmd === 'connect') socket.write(generate({ cmd: 'connack', returnCode: 0, sessionPresent }));
  if (packet.cmd === 'publish' && messageId) socket.write(generate({ cmd: 'puback', messageId }));
  if (packet.cmd === 'subscribe') {
    const granted = packet.subscriptions?.map(({ qos }) => qos) ?? [];
    socket.write(generate({ cmd: 'suback', messageId, granted }));
  }
}

/** Stands between a client and its broker, to break connections that neither of them ends. */
export async function startProxy(port: number) {
  const { connect } = await import('node:net');
  const pairs = new Set<Socket>();
  const server = createServer((outer) => {
    const inner = connect(port, '127.0.0.1');
    for (const [from, to] of [
      [outer, inner],
      [inner, outer],
    ] as const) {
      pairs.add(from);
      from.on('error', () => {});
      from.on('close', () => to.destroy());
      from.pipe(to);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = () => {
    for (const socket of pairs) socket.destroy();
    pairs.clear();
  };
  const close = () => {
    server.close();
    cut();
  };
  onTestFinished(close);
  const address = server.address();
  return { url: `mqtt://127.0.0.1:${typeof address === 'object' && address?.port}`, cut, close };
}
