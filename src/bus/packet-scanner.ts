/**
 * A CONNECT packet holds at most five fields of 64 KiB (client id, will topic and message, user name,
 * password); a stranger may not make us buffer more than that.
 */
export const maxConnectBytes = 5 * 65_537 + 32;

/**
 * Follows the packet boundaries of an MQTT stream and finds a packet that is too large by its fixed header
 * (section 2.2 of MQTT 3.1.1), before its payload has come: the parsers of mqtt-packet buffer up to 256 MiB.
 */
export class PacketScanner {
  readonly #maxBytes: number;
  #limit: number;
  #begun = 0;
  /** Bytes of the packet that are still to come. */
  #rest = 0;
  #inLength = false;
  #length = 0;
  #shift = 0;

  constructor({ maxBytes, maxFirstBytes = maxBytes }: { maxBytes: number; maxFirstBytes?: number }) {
    this.#maxBytes = maxBytes;
    this.#limit = Math.min(maxBytes, maxFirstBytes);
  }

  /** Packets that have begun, over all chunks. */
  get begun(): number {
    return this.#begun;
  }

  /** The size in bytes of the first packet over the limit that begins in `chunk`, header included. */
  scan(chunk: Uint8Array): number | undefined {
    let at = 0;
    while (at < chunk.length) {
      if (this.#rest > 0) {
        const step = Math.min(this.#rest, chunk.length - at);
        this.#rest -= step;
        at += step;
        continue;
      }
      const size = this.#header(chunk[at++] ?? 0);
      if (size !== undefined && size > this.#limit) return size;
      if (size !== undefined) this.#limit = this.#maxBytes;
    }
    return undefined;
  }

  /** Takes one byte of a fixed header; the size of the packet at the header's last byte. */
  #header(byte: number): number | undefined {
    if (!this.#inLength) {
      this.#begun++;
      this.#inLength = true;
      this.#length = 0;
      this.#shift = 0;
      return undefined;
    }
    this.#length += (byte & 0x7f) << this.#shift;
    this.#shift += 7;
    // A length has at most four bytes; a fifth is for the parser to refuse.
    if (byte & 0x80 && this.#shift < 28) return undefined;
    this.#inLength = false;
    this.#rest = this.#length;
    return 1 + this.#shift / 7 + this.#length;
  }
}
