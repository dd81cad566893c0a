/**
 * Cameras in a process of their own, on a bare socket. A frame is on its way from when its packet is given to the socket
 * until the bytes of its result are there: what a client needs to make and read packets does not count. Reads a job as
 * JSON from stdin, prints what was measured as JSON.
 */
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { generate, parser } from 'mqtt-packet';

export interface CameraJob {
  readonly port: number;
  /** One camera a topic. */
  readonly topics: readonly string[];
  /** Filter of the results. */
  readonly results: string;
  /** Base64 of the payloads, sent in turn. */
  readonly payloads: readonly string[];
  readonly qos: 0 | 1;
  /** Frames of a camera without a result, at most. */
  readonly window: number;
  /** Of each camera; 0: as fast as the window allows. */
  readonly framesPerSecond: number;
  /** Measure from the first frame to the last result: what was sent is waited for, up to a minute. */
  readonly finish: boolean;
  readonly warmupMs: number;
  readonly measureMs: number;
}

export interface CameraReport {
  readonly sent: number;
  readonly results: number;
  readonly seconds: number;
  /** From the packet to the bytes of the result, ms, where a camera has one frame on its way at a time. */
  readonly latencies: readonly number[];
  /** Results of each topic of results. */
  readonly each: Readonly<Record<string, number>>;
}

let text = '';
for await (const chunk of process.stdin.setEncoding('utf8')) text += chunk;
const job: CameraJob = JSON.parse(text);
const payloads = job.payloads.map((payload) => Buffer.from(payload, 'base64'));
const socket = connect(job.port, '127.0.0.1').setNoDelay(true);
await once(socket, 'connect');

const cameras = job.topics.map((topic) => ({ topic, onTheWay: 0, sentAt: 0 }));
let sent = 0;
let measuring = job.finish;
let stopped = false;
let results = 0;
/** When the bytes came that are being read. */
let arrivedAt = 0;
const latencies: number[] = [];
const each: Record<string, number> = {};

const read = parser();
read.on('packet', (packet) => {
  if (packet.cmd === 'connack') {
    write({ cmd: 'subscribe', messageId: 65_535, subscriptions: [{ topic: job.results, qos: 0 }] });
  }
  if (packet.cmd === 'suback') begin();
  if (packet.cmd === 'publish') done(packet.topic);
});
socket.on('data', (bytes) => {
  arrivedAt = performance.now();
  // What a chunk of answers lets go leaves in one write.
  socket.cork();
  read.parse(bytes);
  socket.uncork();
});
write({
  cmd: 'connect',
  protocolVersion: 4,
  protocolId: 'MQTT',
  clean: true,
  clientId: `cameras-${process.pid}`,
  keepalive: 0,
});

await delay(job.warmupMs);
measuring = true;
const startedAt = performance.now();
await delay(job.measureMs);
stopped = true;
if (job.finish) {
  const patience = performance.now() + 60_000;
  while (results < sent && performance.now() < patience) await delay(20);
}
const seconds = (performance.now() - startedAt) / 1000;
const report: CameraReport = { sent, results, seconds, latencies, each };
socket.destroy();
await new Promise<void>((resolve) => process.stdout.write(`${JSON.stringify(report)}\n`, () => resolve()));
process.exit();

function begin(): void {
  for (const [i, camera] of cameras.entries()) {
    if (job.framesPerSecond === 0) {
      while (camera.onTheWay < job.window) send(camera);
    } else {
      const period = 1000 / job.framesPerSecond;
      setTimeout(() => setInterval(() => send(camera), period), (i * period) / cameras.length);
    }
  }
}

/** The source is the level before the pipeline and `result`, or else before `result`. */
function done(topic: string): void {
  const camera = cameras.find((one) => topic.includes(`/${one.topic.split('/').at(-2)}/`)) ?? cameras[0];
  if (camera === undefined) return;
  camera.onTheWay--;
  if (measuring) {
    results++;
    each[topic] = (each[topic] ?? 0) + 1;
    latencies.push(arrivedAt - camera.sentAt);
  }
  if (job.framesPerSecond === 0 && !stopped) while (camera.onTheWay < job.window) send(camera);
}

function send(camera: (typeof cameras)[number]): void {
  const payload = payloads[sent % payloads.length] ?? Buffer.alloc(0);
  const messageId = (sent++ % 65_000) + 1;
  const packet = generate({
    cmd: 'publish',
    topic: camera.topic,
    payload,
    qos: job.qos,
    ...(job.qos > 0 ? { messageId } : {}),
    dup: false,
    retain: false,
  });
  camera.onTheWay++;
  camera.sentAt = performance.now();
  socket.write(packet);
}

function write(packet: Parameters<typeof generate>[0]): void {
  socket.write(generate(packet));
}
