import { Aedes, type AedesPublishPacket, type Client, type PublishPacket } from 'aedes';
import { GatewayError } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { Access, Rights } from './access.ts';
import { Connection } from './connection.ts';
import type { BusMetrics } from './options.ts';
import { isFilter } from './topic-filter.ts';
import { TopicOrder } from './topic-order.ts';

const connectTimeoutMs = 10_000;
/** A client that takes nothing for so long is cut off. */
const drainTimeoutMs = 20_000;
/** Wills of clients that were lost with a crashed process are published within four of these. */
const heartbeatMs = 15_000;

type Done = (error?: Error) => void;

/** What aedes 1.2 has and does not declare. */
interface Internals {
  readonly clients: Readonly<Record<string, Client>>;
  readonly persistence: {
    createRetainedStream(filter: string): AsyncIterable<PublishPacket>;
    incomingGetPacket(client: Client, packet: PublishPacket): Promise<unknown>;
  };
  readonly mq: { emit(packet: object, done: () => void): unknown };
  publish(packet: PublishPacket, client: Client | null, done: Done): void;
  on(event: 'error', listener: (error: Error) => void): void;
}

export interface BrokerOptions {
  readonly access: Access;
  readonly maxClients: number;
  /** Unread by a client beyond this, QoS 0 is dropped and a client of QoS 1 cut off. */
  readonly maxBacklogBytes: number;
  readonly persistence: object | undefined;
  /** Gives a message to the gateway's own subscriptions; what it returns holds the acknowledgement back. */
  readonly deliver: (packet: PublishPacket, sender: Connection | undefined) => Promise<unknown> | undefined;
  readonly metrics: BusMetrics;
  readonly log: Logger;
}

/**
 * A set of packets seen that is always empty. aedes takes a message for a duplicate if one with a higher
 * number has been delivered before, but a message that has to be stored is overtaken by one that has not, and
 * was lost that way. Without it a client whose subscriptions overlap gets a copy for each, as section 3.3.5
 * allows.
 */
const nothingSeen = new Proxy({}, { set: () => true });

/** aedes with rules, bounds, and acknowledgements that mean something. */
export class Broker extends Aedes {
  readonly #options: BrokerOptions;
  readonly #internals = this as unknown as Internals;
  readonly #publish = super.publish as unknown as Internals['publish'];
  readonly #rights = new WeakMap<Client, Rights>();
  readonly #wills = new WeakMap<Client, string>();
  readonly #order = new TopicOrder();
  /** Packets that were published before aedes acknowledges and then publishes them. */
  readonly #published = new WeakSet<PublishPacket>();
  /** Messages that are not written to all their subscribers. */
  #deliveries = 0;
  #onFlushed: (() => void) | undefined;

  constructor(options: BrokerOptions) {
    // Numbers of messages are part of the keys under which they are stored: later processes sort behind.
    const id = `${Date.now().toString(36).padStart(9, '0')}-${process.pid}`;
    super({
      id,
      persistence: options.persistence,
      // Deliveries do not wait (see emit below), so nothing is gained by a bound that all topics share.
      concurrency: 0,
      connectTimeout: connectTimeoutMs,
      drainTimeout: drainTimeoutMs,
      heartbeatInterval: heartbeatMs,
      // Packets that a client sends before its CONNACK; their bytes are bounded by the connection.
      queueLimit: 1_000,
    });
    this.#options = options;
    this.preConnect = (client, packet, done) => {
      if (packet.will) this.#wills.set(client, packet.will.topic);
      Object.assign(client, { duplicates: nothingSeen });
      done(null, true);
    };
    this.authenticate = (client, username, password, done) => {
      this.#admit(client, username, password).then(
        (returnCode) =>
          returnCode === 0
            ? done(null, true)
            : done(Object.assign(new Error('refused'), { returnCode }), false),
        (error: Error) => done(Object.assign(error, { returnCode: 3 as const }), false),
      );
    };
    this.on('clientError', (client, error) => this.#failed(client, error));
    this.on('connectionError', (client, error) => this.#failed(client, error));
    this.#internals.on('error', (err) => options.log.error({ err }, 'broker failed'));
    this.authorizePublish = (client, packet, done) => this.#accept(client, packet, done);
    this.authorizeSubscribe = (client, subscription, done) => {
      const { topic } = subscription;
      const granted = isFilter(topic) && this.#rights.get(client)?.maySubscribe(topic);
      if (!granted) this.#refuse('rules', { client: client.id, filter: topic });
      // Without a subscription the client reads 0x80 in its SUBACK [MQTT-3.9.3].
      done(null, granted ? subscription : null);
    };
    this.authorizeForward = (client, packet) => this.#forward(client, packet);
    // A message is published when it is stored and on its way to every subscriber; a slow one among them
    // must not hold up the publisher. What it leaves unread is bounded by #forward.
    const { mq } = this.#internals;
    const emit = mq.emit.bind(mq);
    Object.assign(mq, {
      emit: (packet: object, done: () => void) => {
        this.#deliveries++;
        emit(packet, () => this.#delivered());
        done();
      },
    });
  }

  /** Resolves when what was published is written to every subscriber, or after `timeoutMs`. */
  async flush(timeoutMs: number): Promise<void> {
    if (this.#deliveries === 0) return;
    await new Promise<void>((resolve) => {
      const patience = setTimeout(resolve, timeoutMs);
      this.#onFlushed = () => {
        clearTimeout(patience);
        resolve();
      };
    });
  }

  #delivered(): void {
    if (--this.#deliveries === 0) this.#onFlushed?.();
  }

  retained(filter: string): AsyncIterable<PublishPacket> {
    return this.#internals.persistence.createRetainedStream(filter);
  }

  override publish(packet: PublishPacket, clientOrDone?: Client | null | Done, maybeDone?: Done): void {
    const client = typeof clientOrDone === 'function' ? null : (clientOrDone ?? null);
    const done = (typeof clientOrDone === 'function' ? clientOrDone : maybeDone) ?? (() => {});
    if (this.#published.delete(packet)) done();
    else this.#publishInTurn(packet, client, done);
  }

  #publishInTurn(packet: PublishPacket, client: Client | null, done: Done): void {
    const handled = this.#options.deliver(packet, client ? connectionOf(client) : undefined);
    const finish: Done = (error) => {
      if (handled && !error) void handled.then(() => done());
      else done(error ?? undefined);
    };
    if (packet.qos === 0 && !packet.retain) {
      this.#publish(packet, client, finish);
      return;
    }
    this.#order.run(packet.topic, (next) =>
      this.#publish(packet, client, (error) => {
        next();
        finish(error);
      }),
    );
  }

  /** The return code of CONNACK (section 3.2.2.3). */
  async #admit(client: Client, username: string | undefined, password: Buffer | undefined) {
    const { access, maxClients } = this.#options;
    const connection = connectionOf(client);
    const peer = connection?.peer ?? { address: 'unknown', local: false };
    const about = { client: client.id, username, peer: peer.address };
    // One who comes again under the same id takes the place of their former connection [MQTT-3.1.4-2].
    if (this.connectedClients >= maxClients && this.#internals.clients[client.id] === undefined) {
      this.#refuse('full', about);
      return 3;
    }
    const waits = () => connection?.destroyed !== true;
    const rights = await access.admit({ peer, username, password, waits });
    if (!rights) {
      this.#refuse('credentials', about);
      return username === undefined ? 5 : 4;
    }
    // Under the same id one takes another's place [MQTT-3.1.4-2]: only one's own, or a camera could be silenced.
    const holder = this.#internals.clients[client.id];
    if (holder !== undefined && this.#rights.get(holder)?.user !== rights.user) {
      this.#refuse('taken', about);
      return 2;
    }
    // The will may be published by a later process that does not know who left it: it is judged here.
    const will = this.#wills.get(client);
    if (will !== undefined && !rights.mayPublish(will)) {
      this.#refuse('rules', { ...about, topic: will });
      return 5;
    }
    this.#rights.set(client, rights);
    return 0;
  }

  /**
   * What comes before aedes acknowledges a message. A message of QoS 1 or 2 is published here and now, so that
   * its acknowledgement says that it is stored for those who are away and that the gateway is done with it:
   * aedes itself acknowledges first. One that may not be published costs the sender its connection, because
   * MQTT 3.1.1 knows no refusal, only a lie [MQTT-3.3.5-2].
   */
  #accept(client: Client | null, packet: PublishPacket, done: Done): void {
    const publish = () =>
      this.publish(packet, client, (error) => {
        if (!error) this.#published.add(packet);
        done(error);
      });
    if (client && !this.#rights.get(client)?.mayPublish(packet.topic)) {
      this.#refuse('rules', { client: client.id, topic: packet.topic });
      done(new Error('not authorized to publish'));
    } else if (packet.qos === 0) {
      done();
    } else if (client && packet.qos === 2 && packet.dup) {
      // It comes again because its PUBREC was lost, or before it was stored [MQTT-4.3.3-2].
      this.#internals.persistence.incomingGetPacket(client, packet).then(() => done(), publish);
    } else {
      publish();
    }
  }

  /** Whether a client gets a message: its rights may have changed since its session subscribed. */
  #forward(client: Client, packet: AedesPublishPacket): AedesPublishPacket | null {
    if (!this.#rights.get(client)?.mayReceive(packet.topic)) return null;
    const connection = connectionOf(client);
    if (!connection || connection.backlog <= this.#options.maxBacklogBytes) return packet;
    this.#options.metrics.busDropped.inc({ reason: 'slow-consumer' });
    if (packet.qos === 0) return null;
    // At QoS 1 nothing may be skipped: a session that persists gets it when its client comes again.
    if (!connection.destroyed) {
      this.#options.log.warn({ client: client.id, bytes: connection.backlog }, 'slow client cut off');
      connection.destroy(new Error('slow client'));
    }
    return packet;
  }

  #failed(client: Client, err: Error): void {
    const about = { client: client.id, peer: connectionOf(client)?.peer.address };
    if (err instanceof GatewayError) this.#refuse('packet-size', { ...about, ...err.details });
    else this.#options.log.debug({ err, ...about }, 'connection of a client broke');
  }

  #refuse(reason: string, about: object): void {
    this.#options.metrics.busRefused.inc({ reason });
    this.#options.log.warn({ reason, ...about }, 'refused by the broker');
  }
}

function connectionOf(client: Client): Connection | undefined {
  return client.conn instanceof Connection ? client.conn : undefined;
}
