import type { Service } from '../service.ts';

export type Qos = 0 | 1 | 2;

/** One MQTT message that arrived. */
export interface Message {
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: Qos;
  readonly retain: boolean;
  /** The sender or the broker has sent it before: it may have been handled already. */
  readonly dup: boolean;
  /** MQTT 5 only. */
  readonly contentType?: string;
  /** MQTT 5 only; of a key that occurs twice, the last. */
  readonly userProperties?: Readonly<Record<string, string>>;
}

export interface PublishOptions {
  qos?: Qos;
  retain?: boolean;
  /** MQTT 5 only; ignored on 3.1.1. */
  contentType?: string;
}

/**
 * Called for every message of a subscription. A message of QoS 1 or 2 is acknowledged to its sender only
 * when the returned promise has settled; many may be in flight at once. A rejection is logged and
 * acknowledged all the same: what must not be lost must not be rejected.
 */
export type MessageHandler = (message: Message) => void | Promise<void>;

export interface SubscribeOptions {
  qos?: Qos;
  /**
   * `deferred`: acknowledge after the handler's promise, with back-pressure to the sender.
   * `immediate` (default): acknowledge at once, whatever the handler does.
   */
  acknowledge?: 'deferred' | 'immediate';
  /**
   * `deferred` also for what the gateway itself publishes: accepted only when the handler has settled. Not for a
   * handler that publishes, which would wait for itself. At an external broker every message is.
   */
  holdOwn?: boolean;
  /**
   * Subscribers of one group share the messages, so that each is handled by one of them (MQTT 5.0, 4.8.2). At an
   * external broker; the embedded one ignores it.
   */
  share?: string | undefined;
}

/** The gateway's connection to its broker, embedded or external. */
export interface Bus extends Service {
  /** Where clients find the broker; only of the embedded one. */
  readonly addresses?: readonly { readonly url: string }[];
  /** True while the broker takes what is published. */
  readonly connected: boolean;
  /** Called on every change of `connected`. */
  onConnection(listener: (connected: boolean) => void): void;
  /**
   * Resolves when the broker has granted it, or at once where there is no connection: then it is asked for as
   * soon as there is one. Who subscribes before `start` misses nothing. Survives reconnections. Returns how to
   * end it; messages that a deferred handler has not settled by then are sent again by their senders.
   * @throws BUS_UNAVAILABLE if the broker refuses it.
   */
  subscribe(
    filter: string,
    handler: MessageHandler,
    options?: SubscribeOptions,
  ): Promise<() => Promise<void>>;
  /**
   * Resolves when the broker has accepted the message (QoS 0: when it is handed over).
   * @throws BUS_UNAVAILABLE if the bus is stopped or what waits to be sent exceeds its bound.
   */
  publish(topic: string, payload: string | Uint8Array, options?: PublishOptions): Promise<void>;
}
