import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { connectAsync, type MqttClient } from 'mqtt';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startMosquitto, withoutMosquitto } from '../bus/mosquitto.ts';
import { Daemon } from '../support/daemon.ts';
import { freePort } from '../support/free-port.ts';
import { envelope, modelProcess, readDigits, temporaryFolder } from '../support/gateway.ts';

const frames = 1_000;
const killAfter = 300;
const digits = await readDigits();

async function startDaemon(bus: string) {
  const folder = await temporaryFolder();
  const configFile = join(folder, 'edgeward.yaml');
  await writeFile(
    configFile,
    `gateway: { id: gw, stateDir: ./state }
bus: ${bus}
log: { level: warn }
models: { digits: { bundle: 'builtin:digits', instances: 2, maxBatch: 32 } }
sources: { cameras: { topic: 'cameras/{source}/frame' } }
pipelines: { digits: { use: classify, models: { classifier: digits }, mailbox: every } }
`,
  );
  const daemon = new Daemon({ configFile, httpPort: await freePort() });
  await daemon.start();
  return daemon;
}

/** A client whose session outlives its connections, as one has that must not lose a message. */
async function persistentClient(url: string, clientId: string): Promise<MqttClient> {
  const client = await connectAsync(url, { clientId, clean: false, reconnectPeriod: 50, protocolVersion: 4 });
  client.on('error', () => {});
  onTestFinished(() => client.endAsync(true));
  return client;
}

/** Publishes the frames in order, a few dozen of them on the way at once. */
async function publishAll(client: MqttClient): Promise<void> {
  const onTheWay = new Set<Promise<unknown>>();
  for (let i = 0; i < frames; i++) {
    const digit = digits[i % digits.length];
    if (!digit) throw new Error('no digits');
    const sent = client.publishAsync('cameras/desk/frame', envelope({ ...digit, id: `frame-${i}` }), {
      qos: 1,
    });
    onTheWay.add(sent);
    void sent.finally(() => onTheWay.delete(sent));
    if (onTheWay.size >= 40) await Promise.race(onTheWay);
  }
  await Promise.all(onTheWay);
}

/** Runs the flow, calls `strike` in the middle of it, and returns the ids that have a result at the end. */
async function flow(url: string, strike: () => Promise<void>): Promise<Set<string>> {
  const judge = await persistentClient(url, 'judge');
  const ids = new Set<string>();
  let struck: Promise<void> | undefined;
  let results = 0;
  judge.on('message', (_topic, payload) => {
    const { frame, result } = JSON.parse(payload.toString());
    if (result) ids.add(frame.id);
    if (++results === killAfter) struck = strike();
  });
  await judge.subscribeAsync('edgeward/gw/+/digits/result', { qos: 1 });
  const camera = await persistentClient(url, 'camera');
  await publishAll(camera);
  await struck;
  const deadline = Date.now() + 40_000;
  while (ids.size < frames && Date.now() < deadline) await delay(20);
  expect(struck, 'the blow fell during the flow').toBeDefined();
  return ids;
}

async function killModel(daemon: Daemon): Promise<void> {
  process.kill(modelProcess(await daemon.health()).pid, 'SIGKILL');
}

async function killDaemon(daemon: Daemon): Promise<void> {
  await daemon.kill();
  await daemon.start();
}

const blows = [
  ['a model process is killed', killModel],
  ['it is killed itself and started again', killDaemon],
] as const;

describe('a gateway with the embedded broker', () => {
  it.each(blows)('has a result for each of 1,000 frames when %s', async (_name, blow) => {
    const port = await freePort();
    const daemon = await startDaemon(`{ embedded: { port: ${port} } }`);
    const ids = await flow(`mqtt://127.0.0.1:${port}`, () => blow(daemon));
    expect(ids.size).toBe(frames);
  });
});

describe.skipIf(withoutMosquitto)('a gateway with mosquitto', () => {
  it.each(blows)('has a result for each of 1,000 frames when %s', async (_name, blow) => {
    const mosquitto = await startMosquitto();
    const daemon = await startDaemon(`{ url: '${mosquitto.url}' }`);
    const ids = await flow(mosquitto.url, () => blow(daemon));
    expect(ids.size).toBe(frames);
  });
});
