/**
 * A publisher and subscribers in a process of their own, as cheap as they can be, for the speed of a broker.
 * Reads a job as JSON from stdin, prints the messages that the subscribers got, a second.
 */
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { generate } from 'mqtt-packet';
import { mqttSocket } from '../mqtt-socket.ts';

export interface TrafficJob {
  readonly port: number;
  readonly bytes: number;
  readonly qos: 0 | 1;
  readonly subscribers: number;
  readonly warmupMs: number;
  readonly measureMs: number;
}

const job: TrafficJob = JSON.parse(await text(process.stdin));
const topic = `bench/traffic/${process.pid}`;
/** Messages that not every subscriber has: QoS 0 has no other bound, and who leaves megabytes unread is cut off. */
const window = Math.min(200, Math.ceil(2 ** 21 / job.bytes));

const payload = Buffer.alloc(job.bytes, 'x');
const pubacks = Array.from({ length: 65_536 }, (_, messageId) =>
  messageId === 0 ? Buffer.alloc(0) : generate({ cmd: 'puback', messageId }),
);
let received = 0;
let sent = 0;

const subscribers = await Promise.all(Array.from({ length: job.subscribers }, (_, i) => subscriber(i)));
const publisher = await client('publisher', () => {});
fill();

await delay(job.warmupMs);
const before = received;
const startedAt = performance.now();
await delay(job.measureMs);
const perSecond = (received - before) / ((performance.now() - startedAt) / 1000);
for (const socket of [...subscribers, publisher]) socket.destroy();
await new Promise<void>((resolve) => process.stdout.write(`${perSecond}\n`, () => resolve()));
process.exit();

async function subscriber(i: number) {
  const socket = await client(`subscriber-${i}`, (packet) => {
    if (packet.cmd !== 'publish') return;
    if (packet.qos === 1) socket.write(pubacks[packet.messageId ?? 0] ?? '');
    received++;
    fill();
  });
  socket.write(generate({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic, qos: job.qos }] }));
  await delay(50);
  return socket;
}

function fill(): void {
  if (publisher.destroyed) return;
  while (sent - received / job.subscribers < window) {
    const messageId = (sent++ % 65_000) + 1;
    publisher.write(
      generate({
        cmd: 'publish',
        topic,
        payload,
        qos: job.qos,
        ...(job.qos > 0 ? { messageId } : {}),
        dup: false,
        retain: false,
      }),
    );
  }
}

function client(name: string, onPacket: Parameters<typeof mqttSocket>[2]) {
  return mqttSocket(job.port, `bench-${name}-${process.pid}`, onPacket);
}
