import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { generate, type Packet, parser } from 'mqtt-packet';

/** A clean session of MQTT 3.1.1 on a bare socket, which costs as little as a client can; usable when it resolves. */
export async function mqttSocket(
  port: number,
  clientId: string,
  onPacket: (packet: Packet) => void,
): Promise<Socket> {
  const socket = connect(port, '127.0.0.1').setNoDelay(true);
  await once(socket, 'connect');
  const read = parser();
  const accepted = once(read, 'packet');
  socket.on('data', (bytes) => read.parse(bytes));
  socket.write(
    generate({ cmd: 'connect', protocolVersion: 4, protocolId: 'MQTT', clean: true, clientId, keepalive: 0 }),
  );
  await accepted;
  read.on('packet', onPacket);
  return socket;
}
