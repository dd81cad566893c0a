import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Message } from '../../src/bus/bus.ts';
import type { EmbeddedBus } from '../../src/bus/embedded.ts';
import { Uplink } from '../../src/bus/uplink.ts';
import type { UplinkConfig } from '../../src/config/types.ts';
import { createMetrics } from '../../src/metrics.ts';
import { busOptions, client, startEmbedded, temporaryFolder, topics, until } from './fixtures.ts';
import { startMosquitto, withoutMosquitto } from './mosquitto.ts';

const event = topics.event('desk', 'digits');

async function startUplink(
  bus: EmbeddedBus,
  url: string,
  { stateDir, ...overrides }: Partial<Omit<UplinkConfig, 'url'>> & { stateDir?: string } = {},
) {
  const { config, gateway, log } = busOptions();
  const metrics = createMetrics();
  const uplink = new Uplink({
    config: {
      ...config,
      url,
      up: ['{gateway}/+/+/event', '{gateway}/+/+/state', '{gateway}/response/#'],
      down: ['{gateway}/request/#', 'fleet/#'],
      queue: { maxBytes: 1_000_000, maxAgeS: null },
      ...overrides,
    },
    bus,
    maxPacketBytes: config.maxPacketBytes,
    gateway: { ...gateway, stateDir: stateDir ?? (await temporaryFolder()) },
    topics,
    metrics,
    log,
  });
  onTestFinished(() => uplink.stop());
  await uplink.start(new AbortController().signal);
  return { uplink, metrics };
}

/** What arrives at a broker under a filter. */
async function listen(url: string, filter: string) {
  const messages: Message[] = [];
  const listener = await client(url);
  await listener.subscribe(filter, (message) => void messages.push(message), 1);
  return { messages, texts: () => messages.map(({ payload }) => payload.toString()) };
}

describe.skipIf(withoutMosquitto)(
  `with mosquitto as the cloud${withoutMosquitto ? `: ${withoutMosquitto}` : ''}`,
  () => {
    it('forwards chosen topics and no others', async () => {
      const cloud = await startMosquitto();
      const { bus } = await startEmbedded();
      const { uplink } = await startUplink(bus, cloud.url);
      await until(() => uplink.health.connected);
      const { messages } = await listen(cloud.url, `${topics.root}/+/+/#`);
      await bus.publish(topics.result('desk', 'digits'), 'no');
      await bus.publish(topics.image('desk', 'digits'), 'no');
      await bus.publish(event, 'yes', { qos: 1 });
      await until(() => messages.length > 0);
      expect(messages.map(({ topic }) => topic)).toEqual([event]);
    });

    it('keeps states for who comes later, and events for nobody', async () => {
      const cloud = await startMosquitto();
      const { bus } = await startEmbedded();
      const { uplink } = await startUplink(bus, cloud.url);
      await bus.publish(topics.state('desk', 'digits'), 'on', { qos: 1, retain: true });
      await bus.publish(event, 'came', { qos: 1 });
      await until(() => uplink.health.connected && uplink.health.waitingBytes === 0);
      const { messages, texts } = await listen(cloud.url, '#');
      await until(() => texts().includes('on'));
      expect(messages.filter(({ topic }) => topic === event)).toEqual([]);
    });

    it('loses nothing while the cloud is away, nor when it is started again meanwhile', async () => {
      const cloud = await startMosquitto();
      const { bus } = await startEmbedded();
      const stateDir = await temporaryFolder();
      const first = await startUplink(bus, cloud.url, { stateDir });
      await until(() => first.uplink.health.connected);
      await cloud.stop('SIGKILL');
      for (let i = 0; i < 300; i++) await bus.publish(event, String(i), { qos: 1 });
      await first.uplink.stop();
      expect(first.uplink.health.waitingBytes).toBeGreaterThan(0);
      const second = await startUplink(bus, cloud.url, { stateDir });
      for (let i = 300; i < 400; i++) await bus.publish(event, String(i), { qos: 1 });
      await cloud.start();
      const { texts } = await listen(cloud.url, event);
      await until(() => new Set(texts()).size === 400 || second.uplink.health.waitingBytes === 0, 20_000);
      // The listener may have come after the first of them; nothing is left behind.
      await until(() => second.uplink.health.waitingBytes === 0);
      expect(texts().at(-1)).toBe('399');
    });

    it('delivers what waited in the order in which it came', async () => {
      const cloud = await startMosquitto();
      await cloud.stop('SIGKILL');
      const { bus } = await startEmbedded();
      await startUplink(bus, cloud.url, { reconnect: { minMs: 1_000, maxMs: 1_000 } });
      const wanted = Array.from({ length: 200 }, (_, i) => String(i));
      for (const payload of wanted) await bus.publish(event, payload, { qos: 1 });
      await cloud.start();
      const { texts } = await listen(cloud.url, event);
      await until(() => texts().length >= 200, 20_000);
      expect(texts()).toEqual(wanted);
    });

    it('takes requests down once, and never forwards them up again', async () => {
      const cloud = await startMosquitto();
      const { bus } = await startEmbedded();
      const { uplink } = await startUplink(bus, cloud.url, { up: ['#'] });
      const requests: string[] = [];
      await bus.subscribe(topics.requests, ({ payload }) => void requests.push(payload.toString()));
      await until(() => uplink.health.connected);
      const { texts } = await listen(cloud.url, topics.requests);
      const owner = await client(cloud.url);
      await owner.publish(topics.request('health'), 'please', { qos: 1 });
      await until(() => requests.length > 0);
      await bus.publish(event, 'after');
      await until(() => uplink.health.waitingBytes === 0 && texts().length > 0);
      expect(requests).toEqual(['please']);
      expect(texts()).toEqual(['please']);
    });

    it('holds requests back until the broker of the gateway is there', async () => {
      const cloud = await startMosquitto();
      const { bus } = await startEmbedded();
      await bus.stop();
      const { uplink } = await startUplink(bus, cloud.url);
      await until(() => uplink.health.connected);
      const requests: string[] = [];
      await bus.subscribe(topics.requests, ({ payload }) => void requests.push(payload.toString()));
      const owner = await client(cloud.url);
      await owner.publish(topics.request('health'), 'please', { qos: 1 });
      await bus.start(new AbortController().signal);
      await until(() => requests.length > 0);
      expect(requests).toEqual(['please']);
    });

    it('does not send what is too old', async () => {
      const cloud = await startMosquitto();
      await cloud.stop('SIGKILL');
      const { bus } = await startEmbedded();
      const { uplink, metrics } = await startUplink(bus, cloud.url, {
        queue: { maxBytes: 1_000_000, maxAgeS: 1 },
      });
      await bus.publish(event, 'old', { qos: 1 });
      await new Promise((resolve) => setTimeout(resolve, 1_200));
      await cloud.start();
      await until(() => uplink.health.connected && uplink.health.waitingBytes === 0);
      const { values } = await metrics.uplinkDropped.get();
      expect(values).toMatchObject([{ labels: { reason: 'stale' }, value: 1 }]);
    });
  },
);

it('drops the oldest where the disk may not hold more, and counts it', async () => {
  const { bus } = await startEmbedded();
  const { uplink, metrics } = await startUplink(bus, 'mqtt://127.0.0.1:9', {
    queue: { maxBytes: 1_000, maxAgeS: null },
  });
  for (let i = 0; i < 100; i++) await bus.publish(event, 'x'.repeat(100), { qos: 1 });
  const dropped = async () => (await metrics.uplinkDropped.get()).values[0]?.value ?? 0;
  while ((await dropped()) < 90) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(uplink.health.waitingBytes).toBeLessThanOrEqual(1_000);
});

it('leaves the gateway alone where its certificate cannot be read, and says so', async () => {
  const { bus } = await startEmbedded();
  const missing = join(await temporaryFolder(), 'ca.pem');
  const { uplink } = await startUplink(bus, 'mqtts://127.0.0.1:9', {
    tls: { ca: missing, cert: null, key: null, verify: true },
  });
  await until(() => uplink.health.error !== undefined);
  expect(uplink.health).toMatchObject({ connected: false, error: expect.stringContaining('ca.pem') });
});
