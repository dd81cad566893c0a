import type { Logger } from '../log.ts';
import type { Message, MessageHandler } from './bus.ts';
import { matches } from './topic-filter.ts';

/** A subscription of the gateway itself. */
export interface LocalSubscription {
  readonly filter: string;
  readonly handler: MessageHandler;
  readonly deferred: boolean;
}

/** Topics are few and messages are many: which subscriptions match is remembered for this many topics. */
const maxRemembered = 2_000;
const none: readonly never[] = [];

/** The subscriptions of the gateway itself, by topic. */
export class LocalSubscriptions<S extends LocalSubscription = LocalSubscription> {
  readonly #all = new Set<S>();
  readonly #byTopic = new Map<string, readonly S[]>();

  add(subscription: S): void {
    this.#all.add(subscription);
    this.#byTopic.clear();
  }

  delete(subscription: S): void {
    this.#all.delete(subscription);
    this.#byTopic.clear();
  }

  matching(topic: string): readonly S[] {
    const known = this.#byTopic.get(topic);
    if (known) return known;
    const found = [...this.#all].filter(({ filter }) => matches(filter, topic));
    if (this.#byTopic.size >= maxRemembered) this.#byTopic.clear();
    const kept = found.length > 0 ? found : none;
    this.#byTopic.set(topic, kept);
    return kept;
  }

  [Symbol.iterator](): IterableIterator<S> {
    return this.#all.values();
  }
}

/** Calls a handler; what it throws is logged. The promise, where there is one, never rejects. */
export function callHandler(
  { handler, filter }: LocalSubscription,
  message: Message,
  log: Logger,
): Promise<void> | undefined {
  const failed = (err: unknown) => log.error({ err, filter, topic: message.topic }, 'message handler failed');
  try {
    return handler(message)?.catch(failed);
  } catch (err) {
    failed(err);
    return undefined;
  }
}
