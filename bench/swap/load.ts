/**
 * Full load in a process of its own: as many QoS 1 frames on the way as the window takes, each with an id, and every
 * result that comes back. Lines on stdin name the phase that begins; `end` stops, and prints a `LoadReport`.
 */
import { once } from 'node:events';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { generate, type Packet, parser } from 'mqtt-packet';

export interface LoadJob {
  readonly port: number;
  readonly topic: string;
  readonly results: string;
  /** Base64 of the pictures, sent in turn. */
  readonly pictures: readonly string[];
  readonly window: number;
}

export interface LoadReport {
  readonly sent: number;
  readonly acknowledged: number;
  /** Frames without a result, with more than one, with results of more than one version. */
  readonly lost: number;
  readonly repeated: number;
  readonly mixed: number;
  /** Results of other versions of the model, by version. */
  readonly versions: Readonly<Record<string, number>>;
  /** From the first byte to the acknowledgement, ms, by the phase in which it came. */
  readonly latencies: Readonly<Record<string, readonly number[]>>;
}

const drainMs = 15_000;
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const job: LoadJob = JSON.parse((await lines.next()).value ?? '');
const sentAt = new Map<number, number>();
const answers = new Map<string, string[]>();
const latencies: Record<string, number[]> = {};
let phase = 'before';
let sent = 0;
let acknowledged = 0;
let going = true;

await listen();
const camera = await open('camera', (packet) => {
  if (packet.cmd === 'puback') {
    const id = packet.messageId ?? 0;
    latencies[phase] ??= [];
    latencies[phase]?.push(performance.now() - (sentAt.get(id) ?? 0));
    sentAt.delete(id);
    acknowledged++;
  }
  if (going) fill();
});
fill();
for (let line = await lines.next(); !line.done && line.value !== 'end'; line = await lines.next()) {
  phase = line.value;
}
going = false;
const deadline = performance.now() + drainMs;
while ((sentAt.size > 0 || answers.size < sent) && performance.now() < deadline) await delay(20);
const given = [...answers.values()];
const report: LoadReport = {
  sent,
  acknowledged,
  lost: sent - answers.size,
  repeated: given.filter(({ length }) => length > 1).length,
  mixed: given.filter((versions) => new Set(versions).size > 1).length,
  versions: countEach(given.flat()),
  latencies,
};
process.stdout.write(JSON.stringify(report), () => process.exit());

function fill(): void {
  camera.cork();
  for (; sentAt.size < job.window; sent++) {
    const messageId = (sent % 65_535) + 1;
    const data = job.pictures[sent % job.pictures.length] ?? '';
    const payload = JSON.stringify({ id: `frame-${sent}`, data });
    sentAt.set(messageId, performance.now());
    camera.write(
      generate({ cmd: 'publish', topic: job.topic, payload, qos: 1, messageId, dup: false, retain: false }),
    );
  }
  camera.uncork();
}

async function listen(): Promise<void> {
  const socket = await open('judge', (packet) => {
    if (packet.cmd !== 'publish') return;
    if (packet.qos === 1) socket.write(generate({ cmd: 'puback', messageId: packet.messageId ?? 0 }));
    const { frame, models, error } = JSON.parse(packet.payload.toString());
    const known = answers.get(frame.id);
    const version = error?.code ?? models[0]?.version;
    if (known) known.push(version);
    else answers.set(frame.id, [version]);
  });
  const subscriptions = [{ topic: job.results, qos: 1 as const }];
  socket.write(generate({ cmd: 'subscribe', messageId: 1, subscriptions }));
}

async function open(clientId: string, onPacket: (packet: Packet) => void) {
  const socket = connect(job.port, '127.0.0.1').setNoDelay(true);
  const read = parser().on('packet', onPacket);
  socket.on('data', (bytes) => read.parse(bytes));
  await once(socket, 'connect');
  socket.write(
    generate({
      cmd: 'connect',
      protocolVersion: 4,
      protocolId: 'MQTT',
      clean: true,
      clientId: `bench-${clientId}`,
      keepalive: 0,
    }),
  );
  return socket;
}

function countEach(values: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1;
  return counts;
}
