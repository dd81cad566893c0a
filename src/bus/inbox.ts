import type { IPublishPacket } from 'mqtt-packet';
import type { Logger } from '../log.ts';
import type { Acknowledger } from './acknowledger.ts';
import { callHandler, type LocalSubscription, type LocalSubscriptions } from './local-subscriptions.ts';
import { toBuffer, toMessage } from './message.ts';
import type { BusMetrics } from './options.ts';
import { matches } from './topic-filter.ts';

/** Messages whose handlers have not settled: a bound for brokers without a window of their own. */
const maxUnsettled = 1_000;
const maxUnsettledBytes = 128 * 1024 * 1024;

export interface InboxOptions {
  readonly subscriptions: LocalSubscriptions;
  /** The broker has to send again what was not acknowledged: a new connection makes it. */
  readonly askAgain: () => void;
  /** How long a message waits for the subscription that an earlier process had. */
  readonly claimMs: number;
  readonly metrics: BusMetrics;
  readonly log: Logger;
}

interface InWork {
  readonly packet: IPublishPacket;
  readonly by: readonly LocalSubscription[];
  readonly handled: Promise<unknown>;
}

interface Unclaimed {
  readonly packet: IPublishPacket;
  readonly acknowledge: () => void;
}

/** Messages on their way from a broker to their handlers, and the acknowledgements that they owe. */
export class Inbox {
  readonly #options: InboxOptions;
  /** By packet identifier. */
  readonly #inWork = new Map<number, InWork>();
  #unclaimed: Unclaimed[] = [];
  #acknowledger: Acknowledger | undefined;
  #claimTimer: NodeJS.Timeout | undefined;
  #unsettled = 0;
  #unsettledBytes = 0;
  #closed = false;
  /** Something was left out, unacknowledged, because there was no room. */
  #overflowed = false;

  constructor(options: InboxOptions) {
    this.#options = options;
  }

  /** There is a new connection: what the last one left unacknowledged comes again. */
  connect(acknowledger: Acknowledger): void {
    this.#acknowledger = acknowledger;
    this.#overflowed = false;
    this.#unclaimed = [];
    clearTimeout(this.#claimTimer);
    this.#claimTimer = undefined;
  }

  /** Takes a message. Returns whether the inbox acknowledges it; otherwise that can be done at once. */
  receive(packet: IPublishPacket): boolean {
    if (this.#closed) return true;
    const by = this.#options.subscriptions.matching(packet.topic);
    const deferred = by.some((subscription) => subscription.deferred);
    if (packet.qos !== 1) {
      if (deferred && this.#full) this.#options.metrics.busDropped.inc({ reason: 'flood' });
      else this.#track(packet, this.#dispatch(packet, by));
      return false;
    }
    if (by.length > 0 && !deferred) {
      this.#dispatch(packet, by);
      return false;
    }
    if (this.#full || packet.messageId === undefined || !this.#acknowledger) {
      this.#overflowed = true;
      return true;
    }
    const acknowledge = this.#acknowledger.received(packet.messageId);
    if (by.length > 0) this.#work(packet, by, acknowledge);
    else this.#keep({ packet, acknowledge });
    return true;
  }

  /** A message may belong to the session of an earlier process: its subscription has come. */
  claim({ filter }: LocalSubscription): void {
    const claimed = this.#unclaimed.filter(({ packet }) => matches(filter, packet.topic));
    this.#unclaimed = this.#unclaimed.filter((kept) => !claimed.includes(kept));
    for (const { packet, acknowledge } of claimed) {
      this.#work(packet, this.#options.subscriptions.matching(packet.topic), acknowledge);
    }
    if (claimed.length > 0) this.#recover();
  }

  /** A subscription has ended: what it has not settled must come again, for another one. */
  forget(subscription: LocalSubscription): void {
    const left = [...this.#inWork].filter(([, { by }]) => by.includes(subscription));
    for (const [messageId] of left) this.#inWork.delete(messageId);
    if (left.length > 0) this.#options.askAgain();
  }

  /**
   * The bus stops: nothing is handled or acknowledged any more. A handler that fails because it can no longer
   * publish must not count as done.
   */
  close(): void {
    this.#closed = true;
    this.#acknowledger?.close();
    clearTimeout(this.#claimTimer);
  }

  get #full(): boolean {
    return this.#unsettled >= maxUnsettled || this.#unsettledBytes >= maxUnsettledBytes;
  }

  #work(packet: IPublishPacket, by: readonly LocalSubscription[], acknowledge: () => void): void {
    const messageId = packet.messageId ?? 0;
    const known = this.#inWork.get(messageId);
    // Sent again after a reconnection, under the same identifier [MQTT-4.4.0-1], while it is still in work.
    const again = packet.dup && known && isSame(known.packet, packet);
    const handled = again ? known.handled : this.#dispatch(packet, by);
    if (!handled) {
      acknowledge();
      return;
    }
    if (!again) this.#track(packet, handled);
    const entry = { packet, by, handled };
    this.#inWork.set(messageId, entry);
    void handled.then(() => {
      if (this.#inWork.get(messageId) === entry) this.#inWork.delete(messageId);
      acknowledge();
    });
  }

  /** Calls the handlers. The promise is that of the deferred ones. */
  #dispatch(packet: IPublishPacket, by: readonly LocalSubscription[]): Promise<unknown> | undefined {
    if (by.length === 0) return undefined;
    const message = toMessage(packet);
    const handled = by.map((subscription) => {
      const promise = callHandler(subscription, message, this.#options.log);
      return subscription.deferred ? promise : undefined;
    });
    return handled.some(Boolean) ? Promise.all(handled) : undefined;
  }

  #track({ payload }: IPublishPacket, handled: Promise<unknown> | undefined): void {
    if (!handled) return;
    this.#unsettled++;
    this.#unsettledBytes += payload.length;
    void handled.then(() => {
      this.#unsettled--;
      this.#unsettledBytes -= payload.length;
      this.#recover();
    });
  }

  #recover(): void {
    if (!this.#overflowed || this.#unsettled > 0) return;
    this.#overflowed = false;
    this.#options.askAgain();
  }

  #keep(message: Unclaimed): void {
    const bytes = this.#unclaimed.reduce((sum, { packet }) => sum + packet.payload.length, 0);
    if (this.#unclaimed.length >= maxUnsettled || bytes >= maxUnsettledBytes) {
      this.#overflowed = true;
      return;
    }
    this.#unclaimed.push(message);
    this.#claimTimer ??= setTimeout(() => this.#giveUp(), this.#options.claimMs).unref();
  }

  #giveUp(): void {
    const { log, metrics } = this.#options;
    this.#claimTimer = undefined;
    const topics = new Set(this.#unclaimed.map(({ packet }) => packet.topic));
    metrics.busDropped.inc({ reason: 'unclaimed' }, this.#unclaimed.length);
    log.warn({ topics: [...topics].slice(0, 10) }, 'dropped messages that nothing subscribes to any more');
    for (const { acknowledge } of this.#unclaimed.splice(0)) acknowledge();
    this.#recover();
  }
}

function isSame(one: IPublishPacket, other: IPublishPacket): boolean {
  return one.topic === other.topic && toBuffer(one.payload).equals(toBuffer(other.payload));
}
