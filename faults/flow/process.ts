/**
 * A camera and a judge in a process of their own, with sessions that outlive their connections, as they have who
 * must not lose a frame. The first message is the job; `mark` asks when the gateway has recovered from what
 * happens now, `finish` ends and reports.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { connectAsync, type MqttClient } from 'mqtt';
import { Ledger } from './ledger.ts';
import type { FlowJob, FromFlow, ToFlow } from './messages.ts';

/** Frames on the way at most: a camera does not fill its memory while the gateway is away. */
const window = 256;
const drainMs = 20_000;
const tickMs = 5;
const againMs = 50;

const ledger = new Ledger();
let going = true;
let onTheWay = 0;
let skipped = 0;

process.once('message', (job: FlowJob) => void run(job));
process.on('disconnect', () => process.exit(1));

async function run(job: FlowJob): Promise<void> {
  const judge = await open(job, 'judge', job.judgePort ?? job.port);
  judge.on('message', (_topic, payload) => ledger.answered(JSON.parse(payload.toString())));
  await judge.subscribeAsync(job.results, { qos: 1 });
  const camera = await open(job, 'camera', job.port);
  process.on('message', (message: ToFlow) => {
    if (message.ask === 'mark') void mark(message);
    else void finish([judge, camera]);
  });
  say({ tell: 'ready' });
  const startedAt = performance.now();
  for (let n = 0; going; await delay(tickMs)) {
    for (; n < ((performance.now() - startedAt) / 1000) * job.framesPerSecond; n++) {
      if (onTheWay < window) send(camera, job, n);
      else skipped++;
    }
  }
}

function send(camera: MqttClient, { topic, pictures, name }: FlowJob, n: number): void {
  const id = `${name}-${n}`;
  const payload = JSON.stringify({ id, data: pictures[n % pictures.length] });
  onTheWay++;
  ledger.sent(id);
  const publish = () =>
    camera.publish(topic, payload, { qos: 1 }, (error) => {
      if (error && going) {
        // mqtt.js gives up what it was told to send while it was making up for the connection before.
        setTimeout(publish, againMs);
        return;
      }
      onTheWay--;
      if (!error) ledger.acknowledged(id);
    });
  publish();
}

/** Recovered: what waited at the blow has its result, and so has a frame that was sent after it. */
async function mark({ id, all, patienceMs }: Extract<ToFlow, { ask: 'mark' }>): Promise<void> {
  const startedAt = performance.now();
  const open = ledger.openSince(all);
  while (open() && performance.now() - startedAt < patienceMs) await delay(5);
  say({ tell: 'recovered', id, ms: open() ? null : performance.now() - startedAt });
}

async function finish(clients: readonly MqttClient[]): Promise<void> {
  going = false;
  const deadline = performance.now() + drainMs;
  while (ledger.isOpen && performance.now() < deadline) await delay(20);
  // What comes twice may come late.
  await delay(300);
  say({ tell: 'report', report: ledger.report(skipped) });
  for (const client of clients) await client.endAsync(true);
  process.disconnect();
}

async function open({ name }: FlowJob, role: string, port: number): Promise<MqttClient> {
  const client = await connectAsync(`mqtt://127.0.0.1:${port}`, {
    clientId: `${name}-${role}`,
    clean: false,
    protocolVersion: 4,
    reconnectPeriod: 50,
    keepalive: 2,
    connectTimeout: 2_000,
  });
  client.on('error', () => {});
  return client;
}

function say(message: FromFlow): void {
  process.send?.(message);
}
