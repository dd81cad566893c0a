import { join } from 'node:path';
import { asGatewayError } from '../errors.ts';
import { BrokerFilters, type WantedSubscription } from './broker-filters.ts';
import type { Bus, MessageHandler, PublishOptions, SubscribeOptions } from './bus.ts';
import { type ConnectOptions, connectOptions } from './connect-options.ts';
import { Connected } from './connected.ts';
import { Inbox } from './inbox.ts';
import type { Link, LinkOptions } from './link.ts';
import { LocalSubscriptions } from './local-subscriptions.ts';
import { toBuffer } from './message.ts';
import type { BusOptions, ExternalConfig } from './options.ts';
import { Outbox } from './outbox.ts';
import { stopped } from './unavailable.ts';

const defaultClaimMs = 60_000;
/** How long `offline` may take to reach the broker at the end; its will says the same. */
const farewellMs = 2_000;
const retained = { qos: 1, retain: true } as const;

/** A broker elsewhere. The session persists, so that what was not acknowledged before a crash comes again. */
export class ExternalBus implements Bus {
  readonly #options: BusOptions<ExternalConfig>;
  readonly #connected: Connected;
  readonly #subscriptions = new LocalSubscriptions<WantedSubscription>();
  readonly #filters: BrokerFilters;
  readonly #outbox: Outbox;
  readonly #inbox: Inbox;
  #link: Link | undefined;

  constructor(options: BusOptions<ExternalConfig>) {
    const { config, gateway, log, metrics } = options;
    this.#options = options;
    this.#connected = new Connected(metrics.busConnected);
    const claimMs = options.claimMs ?? defaultClaimMs;
    this.#filters = new BrokerFilters({
      subscriptions: this.#subscriptions,
      sessionFile: join(gateway.stateDir, 'bus-session.json'),
      claimMs,
      link: () => (this.connected ? this.#link : undefined),
      log,
    });
    this.#outbox = new Outbox({
      maxQueued: config.maxQueued,
      send: (message, done) => this.#link?.send(message, done),
      onDropped: () => metrics.busDropped.inc({ reason: 'queue-full' }),
    });
    this.#inbox = new Inbox({
      subscriptions: this.#subscriptions,
      claimMs,
      askAgain: () => this.#link?.drop(),
      metrics,
      log,
    });
  }

  get connected(): boolean {
    return this.#connected.value;
  }

  onConnection(listener: (connected: boolean) => void): void {
    this.#connected.onChange(listener);
  }

  /**
   * Resolves when the first attempt has succeeded or failed: a gateway starts without its broker, and the
   * attempts go on for as long as it takes.
   * @throws CONFIG_INVALID if the URL or a certificate cannot be used, or the reason of `signal`.
   */
  async start(signal: AbortSignal): Promise<void> {
    const { config } = this.#options;
    signal.throwIfAborted();
    const broker = await connectOptions({ ...config, url: config.url ?? '' });
    await this.#filters.load(`${this.#clientId}@${broker.url}`);
    // Loaded only here: a gateway with a broker of its own needs no client's library.
    const { Link } = await import('./link.ts');
    signal.throwIfAborted();
    await new Promise<void>((resolve) => {
      this.#link = new Link(this.#linkOptions(broker, resolve));
      this.#link.open();
    });
  }

  async stop(): Promise<void> {
    const link = this.#link;
    this.#link = undefined;
    this.#inbox.close();
    const told = link?.connected ? await this.#farewell(link) : false;
    this.#connected.set(false);
    this.#outbox.clear(stopped());
    for (const { answered } of this.#subscriptions) answered(stopped());
    // A broker that could not be told is left to publish the will.
    await link?.close({ clean: told });
    await this.#filters.stop();
  }

  async subscribe(
    filter: string,
    handler: MessageHandler,
    { acknowledge = 'immediate', qos = acknowledge === 'deferred' ? 1 : 0, share }: SubscribeOptions = {},
  ): Promise<() => Promise<void>> {
    const deferred = acknowledge === 'deferred';
    const subscription = await new Promise<WantedSubscription>((resolve, reject) => {
      const wanted: WantedSubscription = {
        filter,
        handler,
        deferred,
        asked: share === undefined ? filter : `$share/${share}/${filter}`,
        // At QoS 2 the broker forgets a message before its handler has settled, once it has our PUBREC.
        qos: deferred && qos === 2 ? 1 : qos,
        answered: (refusal) => {
          if (!refusal) return resolve(wanted);
          this.#subscriptions.delete(wanted);
          reject(refusal);
        },
      };
      this.#subscriptions.add(wanted);
      this.#inbox.claim(wanted);
      if (this.connected && this.#link) this.#filters.ask(this.#link, wanted.asked);
      else resolve(wanted);
    });
    return () => this.#end(subscription);
  }

  async publish(topic: string, payload: string | Uint8Array, options: PublishOptions = {}): Promise<void> {
    const { published } = this.#options.metrics;
    try {
      if (!this.#link) throw stopped();
      await this.#outbox.add({ topic, payload: toBuffer(payload), options });
      published.inc({ outcome: 'accepted' });
    } catch (error) {
      published.inc({ outcome: 'failed' });
      throw asGatewayError(error, 'BUS_UNAVAILABLE');
    }
  }

  #linkOptions(broker: ConnectOptions, onAttempt: () => void): LinkOptions {
    const { config, topics, log, metrics } = this.#options;
    return {
      broker,
      clientId: this.#clientId,
      keepaliveS: config.keepaliveS,
      will: { topic: topics.status, payload: 'offline' },
      reconnect: config.reconnect,
      maxPacketBytes: config.maxPacketBytes,
      onOpen: (acknowledger) => this.#inbox.connect(acknowledger),
      onConnect: (session, window) => {
        this.#welcome(session, window);
        onAttempt();
      },
      onMessage: (packet) => this.#inbox.receive(packet),
      onClose: () => {
        this.#lost();
        onAttempt();
      },
      onOversized: ({ bytes }) => {
        metrics.rejected.inc({ source: '', code: 'BUS_PACKET_TOO_LARGE' });
        log.warn({ bytes, maxBytes: config.maxPacketBytes }, 'dropped a packet over the limit');
      },
      log,
    };
  }

  get #clientId(): string {
    const { config, gateway } = this.#options;
    return config.clientId ?? `edgeward-${gateway.id}`;
  }

  #welcome(session: boolean, window: number): void {
    const { topics, log } = this.#options;
    log.info({ session }, 'connected to the broker');
    this.#link?.send(
      { topic: topics.status, payload: Buffer.from('online'), options: retained },
      (err) => err && log.warn({ err }, 'status was not accepted'),
    );
    if (this.#link) this.#filters.askAgain(this.#link, session);
    this.#outbox.open(window);
    this.#connected.set(true);
    this.#filters.forgetStale();
  }

  #lost(): void {
    if (this.connected)
      this.#options.log.warn({ waiting: this.#outbox.size }, 'connection to the broker lost');
    this.#outbox.suspend();
    this.#connected.set(false);
    // Who waits for an answer need not wait for the next connection.
    for (const { answered } of this.#subscriptions) answered();
  }

  async #end(subscription: WantedSubscription): Promise<void> {
    this.#subscriptions.delete(subscription);
    await this.#filters.drop(subscription.asked);
    this.#inbox.forget(subscription);
  }

  /** Whether the broker has taken `offline`. */
  #farewell(link: Link): Promise<boolean> {
    const payload = Buffer.from('offline');
    return new Promise((resolve) => {
      this.#connected.onChange(() => resolve(false));
      setTimeout(() => resolve(false), farewellMs).unref();
      link.send({ topic: this.#options.topics.status, payload, options: retained }, (error) =>
        resolve(!error),
      );
    });
  }
}
