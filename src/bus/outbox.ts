import { GatewayError } from '../errors.ts';
import type { PublishOptions } from './bus.ts';

export interface Outgoing {
  readonly topic: string;
  readonly payload: Buffer;
  readonly options: PublishOptions;
}

interface Entry extends Outgoing {
  settle(error?: Error): void;
}

export interface OutboxOptions {
  /** Messages that wait, or that the broker has not accepted yet. */
  readonly maxQueued: number;
  /** Hands a message to the connection; calls back when the broker has accepted it, maybe after a reconnection. */
  readonly send: (message: Outgoing, done: (error?: Error) => void) => void;
  /** A message was turned away because there was no room. */
  readonly onDropped: () => void;
}

/** Messages on their way to a broker that may be away or slow. */
export class Outbox {
  readonly #options: OutboxOptions;
  readonly #waiting: Entry[] = [];
  /** Sent and not yet accepted. Those of QoS 0 are lost with the connection, the others outlive it. */
  readonly #sent = new Set<Entry>();
  #window = 0;

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#waiting.length + this.#sent.size;
  }

  /** Resolves when the broker has accepted the message. @throws BUS_UNAVAILABLE */
  add(message: Outgoing): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (error?: Error) => (error ? reject(error) : resolve());
      if (this.size >= this.#options.maxQueued && !this.#makeRoom()) {
        this.#options.onDropped();
        settle(noRoom(this.#options.maxQueued));
        return;
      }
      this.#waiting.push({ ...message, settle });
      this.#pump();
    });
  }

  /** Sends what waits. At most `window` messages are in flight at once. */
  open(window: number): void {
    this.#window = window;
    this.#pump();
  }

  /** The connection is gone. What it had of QoS 1 and 2 is sent again by the next one. */
  suspend(): void {
    this.#window = 0;
    for (const entry of this.#sent) {
      if (isLossy(entry))
        this.#finish(entry, new GatewayError('BUS_UNAVAILABLE', 'The connection ended first'));
    }
  }

  /** Rejects all that is left. */
  clear(error: Error): void {
    this.#window = 0;
    for (const entry of this.#waiting.splice(0)) entry.settle(error);
    for (const entry of this.#sent) this.#finish(entry, error);
  }

  /** The oldest message of QoS 0 that waits goes first. */
  #makeRoom(): boolean {
    const at = this.#waiting.findIndex(isLossy);
    if (at < 0) return false;
    const [oldest] = this.#waiting.splice(at, 1);
    this.#options.onDropped();
    oldest?.settle(noRoom(this.#options.maxQueued));
    return true;
  }

  #pump(): void {
    while (this.#sent.size < this.#window) {
      const entry = this.#waiting.shift();
      if (!entry) return;
      this.#sent.add(entry);
      this.#options.send(entry, (error) => {
        this.#finish(entry, error);
        this.#pump();
      });
    }
  }

  #finish(entry: Entry, error?: Error): void {
    if (this.#sent.delete(entry)) entry.settle(error);
  }
}

function isLossy({ options }: Entry): boolean {
  return (options.qos ?? 0) === 0;
}

function noRoom(maxQueued: number): GatewayError {
  return new GatewayError(
    'BUS_UNAVAILABLE',
    `Expected at most ${maxQueued} messages for the broker but received more`,
  );
}
