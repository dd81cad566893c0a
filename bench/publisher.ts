/**
 * A publisher in a process of its own that costs as little as it can: packets are made once and written to a
 * socket; what comes back is only counted. Prints `{ acknowledged, seconds }` of the measured part as JSON.
 */
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { generate } from 'mqtt-packet';
import { mqttSocket } from './mqtt-socket.ts';

export interface PublisherJob {
  readonly port: number;
  readonly topic: string;
  /** Base64 of the payloads, sent in turn. */
  readonly payloads: readonly string[];
  /** PUBLISH packets without an acknowledgement, at most. */
  readonly window: number;
  readonly warmupMs: number;
  readonly measureMs: number;
}

const job: PublisherJob = JSON.parse(await text(process.stdin));
const payloads = job.payloads.map((text) => Buffer.from(text, 'base64'));
let acknowledged = 0;
let sent = 0;
let onTheWay = 0;
let stopped = false;
const socket = await mqttSocket(job.port, `bench-${process.pid}`, ({ cmd }) => {
  if (cmd === 'puback') {
    acknowledged++;
    onTheWay--;
  }
  if (!stopped) fill();
});
fill();

function fill(): void {
  socket.cork();
  for (; onTheWay < job.window; onTheWay++, sent++) {
    const payload = payloads[sent % payloads.length] ?? Buffer.alloc(0);
    const messageId = (sent % 65_535) + 1;
    socket.write(
      generate({ cmd: 'publish', topic: job.topic, payload, qos: 1, messageId, dup: false, retain: false }),
    );
  }
  socket.uncork();
}

await delay(job.warmupMs);
const before = acknowledged;
const startedAt = performance.now();
await delay(job.measureMs);
const seconds = (performance.now() - startedAt) / 1000;
process.stdout.write(`${JSON.stringify({ acknowledged: acknowledged - before, seconds })}\n`);
stopped = true;
socket.destroy();
