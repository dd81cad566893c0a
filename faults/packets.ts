/** Damaged and forbidden MQTT packets, each over a connection of its own. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { generate, type IConnectPacket, type Packet } from 'mqtt-packet';
import type { Random } from '../src/training/random.ts';
import { createGateway } from './gateway.ts';
import { below, mutate, pick } from './hostile/mutate.ts';
import { besiege } from './hostile/siege.ts';
import type { Part } from './report.ts';
import { withScratch } from './scratch.ts';

const count = { short: 1_000, whole: 5_000 };
const atOnce = 16;
/** A connection that is not ended by the broker is ended by us. */
const patienceMs = 50;

const hello: IConnectPacket = { cmd: 'connect', clean: true, clientId: 'fuzz' };
const will = { topic: 'cameras/fuzz/frame', payload: Buffer.from('gone'), qos: 1 as const, retain: true };
const valid: readonly Packet[] = [
  { ...hello, username: 'someone', password: Buffer.from('something'), will },
  { cmd: 'publish', topic: 'a/b', payload: 'x', qos: 0, dup: false, retain: false },
  {
    cmd: 'publish',
    topic: 'cameras/fuzz/frame',
    payload: Buffer.alloc(300),
    qos: 1,
    messageId: 7,
    dup: false,
    retain: true,
  },
  { cmd: 'publish', topic: 'a/c', payload: 'x', qos: 2, messageId: 8, dup: true, retain: false },
  { cmd: 'puback', messageId: 9 },
  { cmd: 'pubrec', messageId: 10 },
  { cmd: 'pubrel', messageId: 8 },
  { cmd: 'pubcomp', messageId: 11 },
  { cmd: 'subscribe', messageId: 12, subscriptions: [{ topic: 'edgeward/#', qos: 1 }] },
  { cmd: 'unsubscribe', messageId: 13, unsubscriptions: ['edgeward/#'] },
  { cmd: 'pingreq' },
  { cmd: 'disconnect' },
];
const packets = valid.map((packet) => generate(packet));
/** What no client may send: packets of servers, a second CONNECT, lengths that never end, filters that are none. */
const forbidden = [
  generate({ cmd: 'connack', returnCode: 0, sessionPresent: false }),
  generate({ cmd: 'suback', messageId: 1, granted: [0] }),
  generate({ ...hello }),
  Buffer.from([0x30, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
  Buffer.from([0x30, 0xff, 0xff, 0xff, 0x7f, 0, 1, 0x61]),
  Buffer.from([0x00, 0x00]),
  Buffer.from([0xf0, 0x00]),
  Buffer.from([0x82, 0x08, 0, 1, 0, 3, 0x61, 0x23, 0x62, 0]),
  Buffer.from([0x82, 0x02, 0, 1]),
  Buffer.from([0x36, 0x05, 0, 1, 0x61, 0, 1]),
  Buffer.from([0x32, 0x05, 0, 1, 0x61, 0, 0]),
  Buffer.from([0x30, 0x03, 0, 1, 0x23]),
];

const part: Part = (conditions) =>
  withScratch(async (scratch) => {
    const gateway = await createGateway(scratch);
    await gateway.daemon.start();
    const { random, short } = conditions;
    const attack = async (conversations: number) => {
      let left = conversations;
      const worker = async () => {
        while (left-- > 0) await attempt(gateway.port, conversation(random));
      };
      await Promise.all(Array.from({ length: atOnce }, worker));
    };
    return besiege(scratch, gateway, conditions, {
      name: 'hostile packets',
      count: short ? count.short : count.whole,
      attack,
    });
  });
export default part;

/** Mostly after a proper CONNECT: without one a broker reads no further. */
function conversation(random: Random): Buffer {
  const { length } = packets;
  const words = Array.from({ length: 1 + below(4, random) }, () => {
    const kind = random();
    if (kind < 0.2) return pick(forbidden, random);
    const packet = packets[below(length, random)] ?? Buffer.alloc(0);
    return kind < 0.85 ? mutate(packet, random) : packet;
  });
  const clientId = `fuzz-${below(1e6, random)}`;
  return Buffer.concat([...(random() < 0.85 ? [generate({ ...hello, clientId })] : []), ...words]);
}

/** Sends it in two pieces, as a network may, and hangs up. */
async function attempt(port: number, bytes: Buffer): Promise<void> {
  const socket = connect(port, '127.0.0.1').setNoDelay(true);
  socket.on('error', () => {});
  socket.resume();
  const closed = once(socket, 'close');
  const half = bytes.length >> 1;
  socket.write(bytes.subarray(0, half));
  socket.write(bytes.subarray(half));
  const patience = setTimeout(() => socket.destroy(), patienceMs);
  await closed;
  clearTimeout(patience);
}
