import type { Writable } from 'node:stream';
import { writeToStream } from 'mqtt-packet';

/**
 * Acknowledges messages of one connection when they are done with, in the order in which they came
 * [MQTT-4.6.0-2]. Packet identifiers mean nothing on another connection: what is done after this one has ended
 * is not acknowledged, and the broker sends it again.
 */
export class Acknowledger {
  readonly #stream: Writable;
  readonly #protocolVersion: 4 | 5;
  /** In order of arrival. */
  readonly #pending: { readonly messageId: number; done: boolean }[] = [];
  #closed = false;

  constructor({ stream, protocolVersion }: { stream: Writable; protocolVersion: 4 | 5 }) {
    this.#stream = stream;
    this.#protocolVersion = protocolVersion;
  }

  /** A message of QoS 1 has come. Returns how to say that it is done with. */
  received(messageId: number): () => void {
    const entry = { messageId, done: false };
    this.#pending.push(entry);
    return () => {
      entry.done = true;
      this.#flush();
    };
  }

  /** What is not done with by now will not be acknowledged. */
  close(): void {
    this.#closed = true;
  }

  #flush(): void {
    while (this.#pending[0]?.done) {
      const messageId = this.#pending.shift()?.messageId;
      if (messageId === undefined || this.#closed || !this.#stream.writable) continue;
      writeToStream({ cmd: 'puback', messageId }, this.#stream, { protocolVersion: this.#protocolVersion });
    }
  }
}
