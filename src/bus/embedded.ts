import { join } from 'node:path';
import { promisify } from 'node:util';
import type { IPublishPacket } from 'mqtt-packet';
import type { Counter } from 'prom-client';
import { Access } from './access.ts';
import type { Broker } from './broker.ts';
import type { Bus, Message, MessageHandler, PublishOptions, SubscribeOptions } from './bus.ts';
import { Connected } from './connected.ts';
import type { Connection } from './connection.ts';
import { type Address, Listeners } from './listeners.ts';
import { callHandler, type LocalSubscription, LocalSubscriptions } from './local-subscriptions.ts';
import { toBuffer, toMessage } from './message.ts';
import type { BusOptions } from './options.ts';
import type { Store } from './store.ts';
import { stopped, unavailable } from './unavailable.ts';

/** What a client may leave unread, unless one packet may be larger. */
const minBacklogBytes = 1024 * 1024;
/** How long the last messages may take to be written to slow subscribers at the end. */
const flushTimeoutMs = 2_000;

const never = new Promise<never>(() => {});

interface Subscription extends LocalSubscription {
  /** What the gateway itself publishes waits for the handler too. */
  readonly holdOwn: boolean;
  /** Ways to give up the messages whose handlers have not settled. */
  readonly unsettled: Set<() => void>;
}

/** The broker in the gateway's own process: its messages take no hop over the loopback. */
export class EmbeddedBus implements Bus {
  readonly #options: BusOptions;
  readonly #connected: Connected;
  readonly #subscriptions = new LocalSubscriptions<Subscription>();
  readonly #listeners: Listeners;
  readonly #published: { readonly accepted: Counter.Internal; readonly failed: Counter.Internal };
  #store: Store | undefined;
  #broker: Broker | undefined;

  constructor(options: BusOptions) {
    this.#options = options;
    const { published } = options.metrics;
    this.#published = { accepted: published.labels('accepted'), failed: published.labels('failed') };
    this.#connected = new Connected(options.metrics.busConnected);
    this.#listeners = new Listeners({
      config: options.config.embedded,
      maxPacketBytes: options.config.maxPacketBytes,
      onConnection: (connection) => this.#broker?.handle(connection),
      log: options.log,
    });
  }

  get connected(): boolean {
    return this.#connected.value;
  }

  /** Where clients find the broker; with port 0 the ports that were free. */
  get addresses(): readonly Address[] {
    return this.#listeners.addresses;
  }

  onConnection(listener: (connected: boolean) => void): void {
    this.#connected.onChange(listener);
  }

  /** @throws STATE_UNWRITABLE, BUS_LISTEN_FAILED, CONFIG_INVALID if a certificate cannot be used. */
  async start(signal: AbortSignal): Promise<void> {
    const { config, gateway, topics, log, metrics } = this.#options;
    signal.throwIfAborted();
    // Loaded only here, as the client's library only there: either costs a small machine half a second at each start.
    const { Broker } = await import('./broker.ts');
    if (config.embedded.persist) {
      const { openStore } = await import('./store.ts');
      this.#store = await openStore(join(gateway.stateDir, 'broker'), log);
    }
    const broker = new Broker({
      access: new Access(config.embedded),
      maxClients: config.embedded.maxClients,
      maxBacklogBytes: Math.max(minBacklogBytes, config.maxPacketBytes),
      persistence: this.#store?.persistence,
      deliver: (packet, sender) => this.#deliver(packet, sender),
      metrics,
      log,
    });
    await broker.listen();
    this.#broker = broker;
    for (const subscription of this.#subscriptions) await this.#giveRetained(subscription);
    await this.#send(broker, topics.status, 'online', { qos: 1, retain: true });
    await this.#listeners.start();
    signal.throwIfAborted();
    this.#connected.set(true);
    log.info({ addresses: this.addresses.map(({ url }) => url) }, 'broker listens');
  }

  async stop(): Promise<void> {
    const { topics, log } = this.#options;
    const broker = this.#broker;
    this.#connected.set(false);
    this.#broker = undefined;
    for (const { unsettled } of this.#subscriptions) for (const giveUp of unsettled) giveUp();
    if (broker) {
      await this.#send(broker, topics.status, 'offline', { qos: 1, retain: true }).catch((err: unknown) =>
        log.error({ err }, 'status could not be published'),
      );
      await broker.flush(flushTimeoutMs);
    }
    await this.#listeners.stop();
    if (broker) await promisify(broker.close.bind(broker))();
    await this.#store?.close();
    this.#store = undefined;
  }

  /** Retained messages have been given to the handler when this resolves. */
  async subscribe(
    filter: string,
    handler: MessageHandler,
    { acknowledge = 'immediate', holdOwn = false }: SubscribeOptions = {},
  ): Promise<() => Promise<void>> {
    const subscription = {
      filter,
      handler,
      deferred: acknowledge === 'deferred',
      holdOwn,
      unsettled: new Set<() => void>(),
    };
    this.#subscriptions.add(subscription);
    await this.#giveRetained(subscription);
    return async () => {
      this.#subscriptions.delete(subscription);
      for (const giveUp of subscription.unsettled) giveUp();
    };
  }

  async publish(topic: string, payload: string | Uint8Array, options: PublishOptions = {}): Promise<void> {
    if (!this.#broker) throw stopped();
    await this.#send(this.#broker, topic, payload, options);
  }

  async #giveRetained(subscription: Subscription): Promise<void> {
    for await (const packet of this.#broker?.retained(subscription.filter) ?? []) {
      void callHandler(subscription, { ...toMessage(packet), retain: true }, this.#options.log);
    }
  }

  #send(broker: Broker, topic: string, payload: string | Uint8Array, options: PublishOptions): Promise<void> {
    const { qos = 0, retain = false } = options;
    return new Promise((resolve, reject) => {
      broker.publish(
        { cmd: 'publish', topic, payload: toBuffer(payload), qos, retain, dup: false },
        (cause) => {
          this.#published[cause ? 'failed' : 'accepted'].inc();
          if (cause) reject(unavailable(`Expected the broker to take a message for ${topic}`, cause));
          else resolve();
        },
      );
    });
  }

  /**
   * Gives a message to the gateway's subscriptions. The promise settles when it may be acknowledged; there is
   * none where nothing holds the acknowledgement back. What the gateway itself publishes waits only for handlers that
   * ask for it: a pipeline that reads what it writes would wait for itself.
   */
  #deliver(packet: IPublishPacket, sender: Connection | undefined): Promise<unknown> | undefined {
    const subscriptions = this.#subscriptions.matching(packet.topic);
    if (subscriptions.length === 0) return undefined;
    // Of a live message the flag is for the store [MQTT-3.3.1-9].
    const message = { ...toMessage(packet), retain: false };
    // Once the bus stops nothing is handled, nor acknowledged that waits for a handler.
    if (!this.#broker) return sender && subscriptions.some(({ deferred }) => deferred) ? never : undefined;
    const held: Promise<void>[] = [];
    for (const subscription of subscriptions) {
      const handled = callHandler(subscription, message, this.#options.log);
      if (!handled || !subscription.deferred) continue;
      if (sender) held.push(this.#hold(handled, subscription, message, sender));
      else if (subscription.holdOwn) held.push(handled);
    }
    return held.length > 1 ? Promise.all(held) : held[0];
  }

  #hold(
    handled: Promise<void>,
    { unsettled }: Subscription,
    { qos, payload }: Message,
    sender: Connection,
  ): Promise<void> {
    sender.hold(payload.length);
    return new Promise((resolve) => {
      const settle = () => {
        if (!unsettled.delete(giveUp)) return;
        sender.release(payload.length);
        resolve();
      };
      // Without an acknowledgement the sender sends it again over its next connection [MQTT-4.4.0-1].
      const giveUp = qos > 0 ? () => sender.destroy() : settle;
      unsettled.add(giveUp);
      void handled.then(settle);
    });
  }
}
