import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { onTestFinished } from 'vitest';
import type { Bus } from '../../src/bus/bus.ts';
import { EmbeddedBus } from '../../src/bus/embedded.ts';
import { type BusClient, type ClientOptions, connectClient } from '../../src/bus/external.ts';
import { ExternalBus } from '../../src/bus/external-bus.ts';
import type { BusOptions } from '../../src/bus/options.ts';
import { createTopics } from '../../src/bus/topics.ts';
import type { BusConfig, EmbeddedConfig } from '../../src/config/types.ts';
import { createMetrics } from '../../src/metrics.ts';

export type EmbeddedOverrides = Partial<Omit<EmbeddedConfig, 'tls'>> & {
  tls?: Partial<EmbeddedConfig['tls']>;
};
export type BusOverrides = Partial<Omit<BusConfig, 'embedded' | 'tls'>> & {
  embedded?: EmbeddedOverrides;
  tls?: Partial<BusConfig['tls']>;
  stateDir?: string;
};

export const topics = createTopics({ base: 'edgeward', gateway: 'gw' });

/** What a bus is made of, with small waits, for tests. */
export function busOptions({ stateDir = '', ...overrides }: BusOverrides = {}): BusOptions {
  const config: BusConfig = {
    url: null,
    share: null,
    protocol: '3.1.1',
    clientId: null,
    username: null,
    password: null,
    keepaliveS: 30,
    reconnect: { minMs: 20, maxMs: 200 },
    maxQueued: 1_000,
    maxPacketBytes: 8 * 1024 * 1024,
    ...overrides,
    tls: { ca: null, cert: null, key: null, verify: true, ...overrides.tls },
    embedded: {
      host: '127.0.0.1',
      port: 0,
      websocketPort: null,
      anonymous: false,
      maxClients: 1_000,
      persist: false,
      users: {},
      ...overrides.embedded,
      tls: { port: null, cert: null, key: null, clientCa: null, ...overrides.embedded?.tls },
    },
  };
  return {
    config,
    gateway: { id: 'gw', stateDir },
    topics,
    log: pino({ level: process.env.EDGEWARD_TEST_LOG ?? 'silent' }),
    metrics: createMetrics(),
  };
}

/** A folder that is gone when the test is over. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'edgeward-bus-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A started embedded bus that stops when the test is over. */
export async function startEmbedded(overrides: BusOverrides = {}) {
  const options = busOptions(overrides);
  const bus = new EmbeddedBus(options);
  onTestFinished(() => bus.stop());
  await bus.start(new AbortController().signal);
  return { bus, url: bus.addresses[0]?.url ?? '', options };
}

export function urlOf(bus: EmbeddedBus, protocol: 'mqtt' | 'mqtts' | 'ws' = 'mqtt'): string {
  const address = bus.addresses.find((one) => one.protocol === protocol);
  if (!address) throw new Error(`no ${protocol} listener`);
  return address.url;
}

/** A started bus on a broker elsewhere that stops when the test is over. */
export async function startExternal(url: string, overrides: BusOverrides = {}) {
  const stateDir = overrides.stateDir ?? (await temporaryFolder());
  const options = busOptions({ url, ...overrides, stateDir });
  const bus = new ExternalBus(options);
  onTestFinished(() => bus.stop());
  await bus.start(new AbortController().signal);
  return { bus, options };
}

/** A client that is closed when the test is over. */
export async function client(url: string, options: Omit<ClientOptions, 'url'> = {}): Promise<BusClient> {
  const connected = await connectClient({ url, ...options });
  onTestFinished(() => connected.close());
  return connected;
}

/** Resolves when `condition` holds, at the latest after `timeoutMs`. */
export async function until(condition: () => boolean, timeoutMs = 10_000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`waited ${timeoutMs} ms in vain for ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Resolves when the bus is connected. */
export function connection(bus: Bus): Promise<void> {
  if (bus.connected) return Promise.resolve();
  return new Promise((resolve) => bus.onConnection((connected) => connected && resolve()));
}

/** A promise and its ends. */
export function deferred<T = void>() {
  let resolve: (value: T) => void = () => {};
  let reject: (error: Error) => void = () => {};
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
