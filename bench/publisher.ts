/**
 * A publisher in a process of its own that costs as little as it can: packets are made once and written to a
 * socket; what comes back is only counted. Prints `{ acknowledged, seconds }` of the measured part as JSON.
 */
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { generate, parser } from 'mqtt-packet';

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

const job: PublisherJob = JSON.parse(await readAll(process.stdin));
const payloads = job.payloads.map((text) => Buffer.from(text, 'base64'));
const socket = connect(job.port, '127.0.0.1').setNoDelay(true);
await once(socket, 'connect');

let acknowledged = 0;
let sent = 0;
let onTheWay = 0;
let stopped = false;
const read = parser();
read.on('packet', ({ cmd }) => {
  if (cmd === 'puback') {
    acknowledged++;
    onTheWay--;
  }
  if (!stopped) fill();
});
socket.on('data', (bytes) => read.parse(bytes));
socket.write(
  generate({
    cmd: 'connect',
    protocolVersion: 4,
    protocolId: 'MQTT',
    clean: true,
    clientId: `bench-${process.pid}`,
    keepalive: 0,
  }),
);

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

async function readAll(stream: NodeJS.ReadStream): Promise<string> {
  let text = '';
  for await (const chunk of stream.setEncoding('utf8')) text += chunk;
  return text;
}
