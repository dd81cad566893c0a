import { join } from 'node:path';
import type { UplinkConfig } from '../config/types.ts';
import type { Logger } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import type { Service } from '../service.ts';
import type { Bus, Message } from './bus.ts';
import { DiskQueue, type Entry } from './disk-queue.ts';
import { ExternalBus } from './external-bus.ts';
import { matches } from './topic-filter.ts';
import type { Topics } from './topics.ts';

export interface UplinkOptions<C = UplinkConfig & { readonly url: string }> {
  readonly config: C;
  /** The gateway's own broker. */
  readonly bus: Bus;
  readonly maxPacketBytes: number;
  readonly gateway: { readonly id: string; readonly stateDir: string };
  readonly topics: Topics;
  readonly metrics: Metrics;
  readonly log: Logger;
}

/** Messages on their way up at once. */
const window = 64;

export interface UplinkHealth {
  readonly connected: boolean;
  readonly waitingBytes: number;
  /** Why it never will be connected. */
  readonly error?: string;
}

/** What is noted of a message beside its payload. */
interface Envelope {
  readonly topic: string;
  readonly retain: boolean;
  /** When it came, ms since the epoch. */
  readonly at: number;
}

/**
 * A second broker, in the cloud. What chosen topics carry waits on disk until that broker has accepted it, so
 * that neither an outage nor a restart loses it; what is sent again after one has the same frame id. Requests
 * come down the same way.
 */
export class Uplink implements Service {
  readonly #options: UplinkOptions;
  readonly #remote: ExternalBus;
  readonly #queue: DiskQueue;
  readonly #up: readonly string[];
  readonly #down: readonly string[];
  readonly #ends: (() => Promise<void>)[] = [];
  /** Requests that came down before the gateway's broker was there. */
  readonly #waiting: (() => void)[] = [];
  #inFlight = 0;
  #pumping = false;
  /** Something came since the queue was last looked at. */
  #more = false;
  #stopped = false;
  #error: Error | undefined;

  constructor(options: UplinkOptions) {
    const { config, gateway, topics, metrics } = options;
    this.#options = options;
    const named = (filter: string) => filter.replaceAll('{gateway}', topics.root);
    this.#up = config.up.map(named);
    this.#down = config.down.map(named);
    const folder = join(gateway.stateDir, 'uplink');
    this.#remote = new ExternalBus({
      config: { ...config, maxQueued: 2 * window, maxPacketBytes: options.maxPacketBytes },
      gateway: { id: gateway.id, stateDir: folder },
      topics,
      log: options.log,
      metrics: { ...metrics, busConnected: metrics.uplinkConnected, published: metrics.uplinkPublished },
    });
    this.#queue = new DiskQueue({
      folder: join(folder, 'queue'),
      maxBytes: config.queue.maxBytes,
      onDropped: (entries) => metrics.uplinkDropped.inc({ reason: 'queue-full' }, entries),
    });
  }

  get health(): UplinkHealth {
    const { message } = this.#error ?? {};
    return {
      connected: this.#remote.connected,
      waitingBytes: this.#queue.bytes,
      ...(message === undefined ? {} : { error: message }),
    };
  }

  /**
   * Before the gateway's own broker starts, so that nothing is missed. Does not wait for the broker up there: a
   * gateway works without it, also where its certificate cannot be read.
   * @throws STATE_UNWRITABLE
   */
  async start(signal: AbortSignal): Promise<void> {
    const { bus, log } = this.#options;
    await this.#queue.open();
    bus.onConnection((connected) => {
      if (connected) for (const resume of this.#waiting.splice(0)) resume();
    });
    for (const filter of this.#up) {
      const keep = (message: Message) => this.#keep(message);
      // A result counts as accepted, and its frame is acknowledged, when it is on disk for its way up too.
      this.#ends.push(await bus.subscribe(filter, keep, { acknowledge: 'deferred', holdOwn: true }));
    }
    for (const filter of this.#down) {
      const pass = (message: Message) => this.#passDown(message);
      this.#ends.push(await this.#remote.subscribe(filter, pass, { acknowledge: 'deferred' }));
    }
    this.#remote.onConnection((connected) => connected && this.#pump());
    this.#remote.start(signal).catch((err: Error) => {
      if (signal.aborted) return;
      this.#error = err;
      log.error({ err }, 'Uplink cannot be used');
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    for (const end of this.#ends.splice(0)) await end();
    await this.#remote.stop();
    await this.#queue.close();
  }

  async #keep({ topic, payload }: Message): Promise<void> {
    // What came down must not go round in circles.
    if (this.#down.some((filter) => matches(filter, topic))) return;
    const { topics, metrics, log } = this.#options;
    const envelope: Envelope = { topic, retain: topics.isRetained(topic), at: Date.now() };
    try {
      await this.#queue.push(encode(envelope, payload));
      metrics.uplinkWaiting.set(this.#queue.bytes);
      this.#pump();
    } catch (err) {
      metrics.uplinkDropped.inc({ reason: 'disk' });
      log.warn({ err, topic }, 'Message for the uplink cannot be kept');
    }
  }

  async #passDown({ topic, payload, retain }: Message): Promise<void> {
    const { bus } = this.#options;
    // A request that is kept would be carried out again at every connection.
    if (retain) return;
    // Not acknowledged until then: it comes again to a later process.
    while (!bus.connected) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    await bus.publish(topic, payload, { qos: 1 });
  }

  /** Sends what waits, oldest first, as far as the window allows. */
  #pump(): void {
    this.#more = true;
    if (this.#pumping) return;
    this.#pumping = true;
    void this.#drain();
  }

  async #drain(): Promise<void> {
    try {
      while (this.#more && !this.#stopped && this.#remote.connected && this.#inFlight < window) {
        this.#more = false;
        const entries = await this.#queue.take(window - this.#inFlight);
        this.#more ||= entries.length > 0;
        this.#inFlight += entries.length;
        for (const entry of entries) void this.#send(entry);
      }
    } catch (err) {
      this.#options.log.error({ err }, 'Queue of the uplink cannot be read');
    } finally {
      // In the same step as the last look at the queue: what comes between them would wait for the next message.
      this.#pumping = false;
    }
  }

  async #send({ key, bytes }: Entry): Promise<void> {
    const { config, metrics, log } = this.#options;
    try {
      const { envelope, payload } = decode(bytes);
      const ageS = (Date.now() - envelope.at) / 1000;
      if (config.queue.maxAgeS !== null && ageS > config.queue.maxAgeS) {
        metrics.uplinkDropped.inc({ reason: 'stale' });
      } else {
        await this.#remote.publish(envelope.topic, payload, { qos: 1, retain: envelope.retain });
      }
    } catch (err) {
      // What could not be sent before the end stays on disk for the next process.
      if (this.#stopped) return;
      metrics.uplinkDropped.inc({ reason: 'refused' });
      log.warn({ err }, 'Message was refused by the uplink');
    } finally {
      this.#inFlight--;
    }
    await this.#queue.remove(key).catch((err: unknown) => log.error({ err }, 'Queue cannot be written'));
    metrics.uplinkWaiting.set(this.#queue.bytes);
    this.#pump();
  }
}

/** The uplink that the configuration asks for, if any. */
export function createUplink({ config, ...options }: UplinkOptions<UplinkConfig>): Uplink | undefined {
  const { url } = config;
  return url === null ? undefined : new Uplink({ ...options, config: { ...config, url } });
}

/** A line of JSON, then the payload as it is. */
function encode(envelope: Envelope, payload: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${JSON.stringify(envelope)}\n`), payload]);
}

function decode(bytes: Buffer): { envelope: Envelope; payload: Buffer } {
  const end = bytes.indexOf('\n');
  return {
    envelope: JSON.parse(bytes.toString('utf8', 0, end)) as Envelope,
    payload: bytes.subarray(end + 1),
  };
}
