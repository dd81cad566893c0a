import type { Writable } from 'node:stream';
import { connect, type IClientOptions, type MqttClient } from 'mqtt';
import { type IPublishPacket, writeToStream } from 'mqtt-packet';
import type { Logger } from '../log.ts';
import { Acknowledger } from './acknowledger.ts';
import { backoffMs } from './backoff.ts';
import type { Qos } from './bus.ts';
import type { ConnectOptions } from './connect-options.ts';
import type { Outgoing } from './outbox.ts';
import { type Oversized, OversizeFilter } from './oversize-filter.ts';
import { unavailable } from './unavailable.ts';

const connectTimeoutMs = 10_000;
/** How long a clean end may take before the connection is cut. */
const closeTimeoutMs = 5_000;
/** A connection that lasted this long was a good one: the next attempt is not held back. */
const goodConnectionMs = 10_000;
/** Messages of QoS 1 that may be on their way at once, in either direction. */
const inFlight = 256;
/** How long a broker of MQTT 5 keeps our session, and the frames in it, while the gateway is away, s. */
const sessionExpiryS = 24 * 3600;

export interface LinkOptions {
  readonly broker: ConnectOptions;
  readonly clientId: string;
  readonly keepaliveS: number;
  readonly will: { readonly topic: string; readonly payload: string };
  readonly reconnect: { readonly minMs: number; readonly maxMs: number };
  readonly maxPacketBytes: number;
  /** There is a new connection, on which nothing has come yet. */
  readonly onOpen: (acknowledger: Acknowledger) => void;
  /** The broker has taken us in. `session`: it knows us still. `window`: what it takes at once. */
  readonly onConnect: (session: boolean, window: number) => void;
  /** Returns whether the message is acknowledged elsewhere. */
  readonly onMessage: (packet: IPublishPacket) => boolean;
  readonly onClose: () => void;
  readonly onOversized: (packet: Oversized) => void;
  readonly log: Logger;
}

/** Tells mqtt.js that a message is not for it to acknowledge. */
const elsewhere = new Error('acknowledged elsewhere');

/**
 * The gateway's connection to a broker, made again whenever it breaks. mqtt.js keeps the state of the session:
 * what was sent at QoS 1 and not accepted goes out again by itself.
 */
export class Link {
  readonly #options: LinkOptions;
  readonly #client: MqttClient;
  #attempt = 0;
  #goodTimer: NodeJS.Timeout | undefined;

  constructor(options: LinkOptions) {
    const { url, ...broker } = options.broker;
    this.#options = options;
    this.#client = connect(url, {
      ...broker,
      clientId: options.clientId,
      clean: false,
      keepalive: options.keepaliveS,
      connectTimeout: connectTimeoutMs,
      reconnectPeriod: backoffMs(0, options.reconnect),
      // Also where the broker refuses us: it may learn of us yet.
      reconnectOnConnackError: true,
      resubscribe: false,
      manualConnect: true,
      will: { ...options.will, qos: 1, retain: true },
      ...(broker.protocolVersion === 5 ? { properties: propertiesOf(options) } : {}),
    });
  }

  get connected(): boolean {
    return this.#client.connected && !this.#client.disconnecting;
  }

  open(): void {
    const client = this.#client;
    const { log, broker } = this.#options;
    client.handleMessage = (packet, done) => (this.#options.onMessage(packet) ? done(elsewhere) : done());
    client.on('packetsend', ({ cmd }) => {
      if (cmd === 'connect') this.#opened();
    });
    client.on('reconnect', () => this.#backOff(this.#attempt + 1));
    client.on('connect', ({ sessionPresent, properties }) => {
      this.#goodTimer = setTimeout(() => this.#backOff(0), goodConnectionMs).unref();
      this.#options.onConnect(sessionPresent, Math.min(inFlight, properties?.receiveMaximum ?? inFlight));
    });
    client.on('close', () => {
      clearTimeout(this.#goodTimer);
      this.#options.onClose();
    });
    client.on('error', (err) => {
      log.warn({ err, url: broker.url, attempt: this.#attempt }, 'broker connection failed');
      // What mqtt.js cannot read leaves it in the middle of a packet: only a new connection helps.
      this.drop();
    });
    client.connect();
  }

  /** Calls back when the broker has accepted the message, maybe over a later connection. */
  send({ topic, payload, options }: Outgoing, done: (error?: Error) => void): void {
    const { qos = 0, retain = false, contentType } = options;
    const properties =
      contentType === undefined || this.#client.options.protocolVersion !== 5 ? {} : { contentType };
    this.#client.publish(topic, payload, { qos, retain, properties }, (error) => done(error));
  }

  /** Calls back when the broker has answered: with an error if it refuses, `false` if the connection broke first. */
  subscribe(filter: string, qos: Qos, done: (granted: boolean, refusal?: Error) => void): void {
    this.#client.subscribe(filter, { qos }, (error) => {
      const refused = error && 'packet' in error && error.packet !== undefined;
      if (refused) done(false, unavailable(`Expected a subscription to ${filter}`, error));
      else done(!error);
    });
  }

  /** Whether the broker has answered. */
  unsubscribe(filter: string): Promise<boolean> {
    return new Promise((resolve) => this.#client.unsubscribe(filter, (error) => resolve(!error)));
  }

  /** Cuts the connection; the next one is made at once. */
  drop(): void {
    this.#client.stream.destroy();
  }

  /** `clean`: sends what is on its way, then DISCONNECT, so that the broker does not publish the will. */
  async close({ clean }: { clean: boolean }): Promise<void> {
    const client = this.#client;
    clearTimeout(this.#goodTimer);
    if (!client.connected) {
      client.end(true);
      return;
    }
    const patience = setTimeout(() => client.stream.destroy(), closeTimeoutMs);
    await new Promise<void>((resolve) => {
      client.once('close', resolve);
      client.end(!clean);
    });
    clearTimeout(patience);
  }

  #backOff(attempt: number): void {
    this.#attempt = attempt;
    this.#client.options.reconnectPeriod = backoffMs(attempt, this.#options.reconnect);
  }

  /** mqtt.js has a new stream and has written CONNECT to it. */
  #opened(): void {
    const { broker, maxPacketBytes, onOversized } = this.#options;
    const stream = this.#client.stream as Writable & {
      push(chunk: Buffer | null, encoding?: BufferEncoding): boolean;
    };
    const acknowledger = new Acknowledger({ stream, protocolVersion: broker.protocolVersion });
    const filter = new OversizeFilter({
      maxBytes: maxPacketBytes,
      onOversized: (packet) => {
        onOversized(packet);
        if (packet.messageId === undefined) return;
        if (packet.qos === 1) acknowledger.received(packet.messageId)();
        else writeToStream({ cmd: 'pubrec', messageId: packet.messageId }, stream, broker);
      },
    });
    // mqtt.js pipes the stream to its parser; this is the one place before it.
    const push = stream.push.bind(stream);
    stream.push = (chunk, encoding) => push(chunk && filter.filter(chunk), encoding);
    this.#options.onOpen(acknowledger);
  }
}

function propertiesOf({ maxPacketBytes }: LinkOptions): NonNullable<IClientOptions['properties']> {
  return {
    sessionExpiryInterval: sessionExpiryS,
    receiveMaximum: inFlight,
    maximumPacketSize: maxPacketBytes,
  };
}
