import { pino } from 'pino';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Bus, Message } from '../../src/bus/bus.ts';
import { Discovery } from '../../src/bus/discovery.ts';
import type { DevicePayload, SourceDescription } from '../../src/bus/home-assistant.ts';
import { freePort } from '../support/free-port.ts';
import { client, startEmbedded, startExternal, topics, until } from './fixtures.ts';
import { startMosquitto, withoutMosquitto } from './mosquitto.ts';

const models = [{ name: 'digits' }];

function source(name: string, ...keys: string[]): SourceDescription {
  const entities = keys.map((key) => ({ key, platform: 'sensor', name: key, from: 'state' }) as const);
  return { name, entry: 'cameras', pipelines: [{ name: 'digits', entities, pictures: false }] };
}

type Adopt = (name: string, entry: string) => SourceDescription | undefined;

/** One run of the gateway, as far as Home Assistant sees it. */
async function startDiscovery(bus: Bus, adopt: Adopt = () => undefined): Promise<Discovery> {
  const discovery = new Discovery({
    bus,
    topics,
    prefix: 'homeassistant',
    gateway: { id: 'gw', name: 'gw', version: '1.0.0' },
    adopt,
    log: pino({ level: 'silent' }),
    maxDelayMs: 20,
  });
  onTestFinished(() => discovery.stop());
  await discovery.start(new AbortController().signal);
  return discovery;
}

/** Home Assistant, as far as it matters here. Resolves when it has the `expected` retained messages. */
async function startListener(url: string, expected = 0) {
  const listener = await client(url);
  const messages: Message[] = [];
  await listener.subscribe('homeassistant/device/+/config', (message) => messages.push(message), 1);
  await until(() => messages.length >= expected);
  messages.length = 0;
  const payloads = (id: string) =>
    messages.filter((message) => idOf(message) === id).map(({ payload }) => parse(payload));
  return { listener, messages, payloads };
}

/** What a newcomer finds: resolves when as many devices as are expected are there. */
async function retainedOn(url: string, expected: number) {
  const found = new Map<string, DevicePayload>();
  const newcomer = await client(url);
  await newcomer.subscribe('homeassistant/device/+/config', (message) => {
    const payload = parse(message.payload);
    if (payload) found.set(idOf(message), payload);
  });
  await until(() => found.size >= expected);
  return found;
}

function idOf({ topic }: Message): string {
  return topic.split('/')[2] ?? '';
}

function parse(payload: Buffer): DevicePayload | undefined {
  return payload.length === 0 ? undefined : JSON.parse(payload.toString());
}

/** The components of a gateway with one model. */
const gatewayKeys = ['status', 'model_digits', 'model_digits_rollback', 'model_digits_event'];

function keysOf(payload: DevicePayload | undefined): string[] {
  return Object.keys(payload?.components ?? {});
}

const onEmbedded = async () => {
  const { url } = await startEmbedded();
  return { ...(await startExternal(url)), url };
};
const onMosquitto = async () => {
  const { url } = await startMosquitto();
  return { ...(await startExternal(url)), url };
};
const buses = [
  ['embedded', () => startEmbedded()],
  ['external on an embedded broker', onEmbedded],
  ...(withoutMosquitto ? [] : [['external on mosquitto', onMosquitto] as const]),
] as const;

describe.each(buses)('discovery on a bus, %s', (_name, startBus) => {
  it('announces the gateway and every source, retained', async () => {
    const { bus, url } = await startBus();
    const discovery = await startDiscovery(bus);
    await discovery.announce({ models, sources: [source('desk', 'class')] });
    const found = await retainedOn(url, 2);
    expect([...found.keys()].sort()).toEqual(['edgeward_gw', 'edgeward_gw_source_desk']);
    expect(keysOf(found.get('edgeward_gw'))).toEqual(gatewayKeys);
    expect(keysOf(found.get('edgeward_gw_source_desk'))).toEqual(['problem', 'entity_digits_class']);
  });

  it('publishes only what changed when a source comes to life', async () => {
    const { bus, url } = await startBus();
    const { messages } = await startListener(url);
    const discovery = await startDiscovery(bus);
    await discovery.announce({ models, sources: [source('desk', 'class')] });
    await discovery.announce({ models, sources: [source('desk', 'class'), source('door', 'class')] });
    await until(() => messages.length >= 3);
    expect(messages.map(({ topic }) => topic.split('/')[2])).toEqual([
      'edgeward_gw',
      'edgeward_gw_source_desk',
      'edgeward_gw_source_door',
    ]);
  });

  it('announces all again when Home Assistant is born, once however often it says so', async () => {
    const { bus, url } = await startBus();
    const { listener, messages } = await startListener(url);
    const discovery = await startDiscovery(bus);
    await discovery.announce({ models, sources: [source('desk', 'class')] });
    await until(() => messages.length === 2);
    await listener.publish('homeassistant/status', 'offline');
    await Promise.all([1, 2, 3].map(() => listener.publish('homeassistant/status', 'online', { qos: 1 })));
    await until(() => messages.length >= 4);
    await discovery.announce({ models, sources: [source('desk', 'class'), source('last')] });
    await until(() => messages.some(({ topic }) => topic.includes('last')));
    expect(messages).toHaveLength(5);
  });

  it('takes back a source that is no more, and an entity by naming its platform once', async () => {
    const { bus, url } = await startBus();
    const { messages, payloads } = await startListener(url);
    const discovery = await startDiscovery(bus);
    await discovery.announce({ models, sources: [source('desk', 'class', 'score'), source('door')] });
    await discovery.announce({ models, sources: [source('desk', 'class')] });
    await until(() => messages.length >= 6);
    expect(payloads('edgeward_gw_source_door').at(-1)).toBeUndefined();
    const [before, removal, after] = payloads('edgeward_gw_source_desk');
    expect(keysOf(before)).toContain('entity_digits_score');
    expect(removal?.components.entity_digits_score).toEqual({ platform: 'sensor' });
    expect(keysOf(after)).not.toContain('entity_digits_score');
    expect([...(await retainedOn(url, 2)).keys()].sort()).toEqual(['edgeward_gw', 'edgeward_gw_source_desk']);
  });

  it('removes at start what an earlier configuration announced, devices and entities alike', async () => {
    const { bus, url } = await startBus();
    const earlier = await startDiscovery(bus);
    await earlier.announce({
      models: [...models, { name: 'old' }],
      sources: [source('attic'), source('desk', 'class', 'score')],
    });
    await earlier.stop();
    const { payloads } = await startListener(url, 3);
    const discovery = await startDiscovery(bus);
    await discovery.announce({ models, sources: [source('desk', 'class')] });
    await until(() => payloads('edgeward_gw_source_attic').includes(undefined));
    await until(() =>
      payloads('edgeward_gw').some((payload) => payload?.components.model_old?.unique_id === undefined),
    );
    await until(() => keysOf(payloads('edgeward_gw_source_desk').at(-1)).length === 2);
    const found = await retainedOn(url, 2);
    expect([...found.keys()].sort()).toEqual(['edgeward_gw', 'edgeward_gw_source_desk']);
    expect(keysOf(found.get('edgeward_gw'))).toEqual(gatewayKeys);
    const removals = payloads('edgeward_gw').flatMap((payload) => payload?.components.model_old ?? []);
    expect(removals).toContainEqual({ platform: 'update' });
  });

  it('keeps a source of an earlier run that may come back, as it would be today', async () => {
    const { bus, url } = await startBus();
    const earlier = await startDiscovery(bus);
    await earlier.announce({ models, sources: [source('desk', 'class', 'score')] });
    await earlier.stop();
    const { payloads } = await startListener(url, 2);
    const asked: string[][] = [];
    let possible = true;
    const discovery = await startDiscovery(bus, (name, entry) => {
      asked.push([name, entry]);
      return possible ? source(name, 'class') : undefined;
    });
    await discovery.announce({ models, sources: [] });
    await until(() => keysOf(payloads('edgeward_gw_source_desk').at(-1)).length === 2);
    expect(asked[0]).toEqual(['desk', 'cameras']);
    await discovery.announce({ models, sources: [source('door')] });
    expect([...(await retainedOn(url, 3)).keys()]).toContain('edgeward_gw_source_desk');
    expect(payloads('edgeward_gw_source_desk')).not.toContain(undefined);
    possible = false;
    await discovery.announce({ models, sources: [source('door')] });
    await until(() => payloads('edgeward_gw_source_desk').includes(undefined));
  });

  it('never touches what others announce, nor trips over what makes no sense', async () => {
    const { bus, url } = await startBus();
    const { listener, messages } = await startListener(url);
    const others = {
      zigbee: { origin: { name: 'zigbee2mqtt' }, device: { identifiers: ['edgeward_gw'] }, components: {} },
      elsewhere: { origin: { name: 'edgeward' }, device: { via_device: 'edgeward_other' }, components: {} },
      odd: { origin: null, device: 7, components: 'none' },
      half: { origin: { name: 'edgeward' }, device: { identifiers: 'edgeward_gw' } },
    };
    for (const [id, payload] of Object.entries(others)) {
      await listener.publish(`homeassistant/device/${id}/config`, JSON.stringify(payload), {
        qos: 1,
        retain: true,
      });
    }
    await listener.publish('homeassistant/device/broken/config', '{', { qos: 1, retain: true });
    const discovery = await startDiscovery(bus);
    await discovery.announce({ models, sources: [] });
    await discovery.announce({ models, sources: [source('last')] });
    await until(() => messages.some(({ topic }) => topic.includes('last')));
    expect(messages).toHaveLength(7);
    await listener.publish('homeassistant/device/broken/config', '', { qos: 1, retain: true });
    expect([...(await retainedOn(url, 6)).keys()]).toEqual(expect.arrayContaining(Object.keys(others)));
  });
});

it('does not wait at the end for a broker that is away', async () => {
  const { bus } = await startExternal(`mqtt://127.0.0.1:${await freePort()}`);
  const discovery = await startDiscovery(bus);
  const announced = discovery.announce({ models, sources: [source('door', 'class')] });
  await discovery.stop();
  await bus.stop();
  await announced;
});
