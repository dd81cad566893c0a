import { connectAsync, type IClientOptions } from 'mqtt';
import type { Message, Qos } from './bus.ts';
import { type BrokerAddress, connectOptions } from './connect-options.ts';
import { toBuffer, toMessage } from './message.ts';
import { matches } from './topic-filter.ts';
import { unavailable } from './unavailable.ts';

const connectTimeoutMs = 10_000;
/** How long a clean end may take before the connection is cut. */
const closeTimeoutMs = 5_000;

export interface ClientOptions extends BrokerAddress {
  readonly clientId?: string;
  /** Default true: no session outlives the connection. */
  readonly clean?: boolean;
}

interface ClientPublishOptions {
  readonly qos?: Qos;
  readonly retain?: boolean;
  /** MQTT 5 only; ignored on 3.1.1. */
  readonly contentType?: string;
  /** MQTT 5 only; ignored on 3.1.1. */
  readonly userProperties?: Readonly<Record<string, string>>;
}

/** One connection to a broker that ends when it breaks: for commands and tests. */
export interface BusClient {
  /**
   * Resolves when the broker has accepted the message (QoS 0: when it is written).
   * @throws BUS_UNAVAILABLE if the connection ends first or the broker refuses it.
   */
  publish(topic: string, payload: string | Uint8Array, options?: ClientPublishOptions): Promise<void>;
  /** @throws BUS_UNAVAILABLE if the connection ends first or the broker refuses it. */
  subscribe(filter: string, onMessage: (message: Message) => void, qos?: Qos): Promise<void>;
  /** Called once, when the connection is gone for whatever reason. */
  onClose(listener: () => void): void;
  /** Sends what was published, then DISCONNECT. */
  close(): Promise<void>;
}

/** @throws BUS_UNAVAILABLE if there is no broker, or it lets nobody of that name in. */
export async function connectClient(options: ClientOptions): Promise<BusClient> {
  const { url, ...connect } = await connectOptions(options);
  const client = await connectAsync(
    url,
    {
      ...connect,
      clean: options.clean ?? true,
      ...(options.clientId === undefined ? {} : { clientId: options.clientId }),
      connectTimeout: connectTimeoutMs,
      reconnectPeriod: 0,
    } satisfies IClientOptions,
    false,
  ).catch((cause: unknown) => {
    throw unavailable(`Expected a broker for ${url}`, cause);
  });

  let open = true;
  /** What to call when the connection ends: mqtt.js would leave its callers waiting. */
  const onEnd = new Set<() => void>();
  client.once('close', () => {
    open = false;
    for (const listener of onEnd) listener();
  });

  const whileOpen = (call: (done: (error?: Error | null) => void) => void): Promise<void> =>
    new Promise((resolve, reject) => {
      const ended = () => reject(unavailable(`Expected a connection to ${url}`, 'its end'));
      if (!open) return ended();
      onEnd.add(ended);
      call((error) => {
        onEnd.delete(ended);
        if (error) reject(unavailable(`Expected acceptance by ${url}`, error));
        else resolve();
      });
    });

  return {
    publish: (topic, payload, { qos = 0, retain = false, ...properties } = {}) =>
      whileOpen((done) =>
        client.publish(
          topic,
          toBuffer(payload),
          { qos, retain, ...(connect.protocolVersion === 5 ? { properties } : {}) },
          done,
        ),
      ),
    async subscribe(filter, onMessage, qos = 0) {
      client.on('message', (topic, _payload, packet) => {
        if (matches(filter, topic)) onMessage(toMessage(packet));
      });
      await whileOpen((done) => client.subscribe(filter, { qos }, done));
    },
    onClose(listener) {
      if (open) onEnd.add(listener);
      else listener();
    },
    async close() {
      if (!open) return;
      const patience = setTimeout(() => client.stream.destroy(), closeTimeoutMs);
      await new Promise<void>((resolve) => {
        onEnd.add(resolve);
        client.end();
      });
      clearTimeout(patience);
    },
  };
}
