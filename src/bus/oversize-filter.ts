const publishType = 3;

/** A packet that was left out. */
export interface Oversized {
  readonly bytes: number;
  /** Of a PUBLISH of QoS 1 or 2, whose sender waits for an answer. */
  readonly messageId?: number;
  readonly qos?: number;
}

/**
 * Takes packets over a limit out of an MQTT stream without buffering them. A broker of MQTT 3.1.1 cannot be told
 * what is too large, and it would send a message again at each reconnection until it is acknowledged.
 */
export class OversizeFilter {
  readonly #maxBytes: number;
  readonly #onOversized: (packet: Oversized) => void;
  /** The fixed header so far, where a chunk ended within it. */
  #header: number[] = [];
  /** Bytes of the packet that are still to come. */
  #rest = 0;
  /** The packet that is being left out, until its identifier is known. */
  #dropped: { readonly bytes: number; readonly qos: number; head: Buffer } | undefined;
  #dropping = false;

  constructor(options: { maxBytes: number; onOversized: (packet: Oversized) => void }) {
    this.#maxBytes = options.maxBytes;
    this.#onOversized = options.onOversized;
  }

  /** What of `chunk` the parser may see; the chunk itself where that is all. */
  filter(chunk: Buffer): Buffer {
    const kept: Buffer[] = [];
    let whole = this.#header.length === 0;
    let at = 0;
    while (at < chunk.length) {
      if (this.#rest === 0) {
        at = this.#readHeader(chunk, at, kept);
        whole &&= this.#header.length === 0 && !this.#dropping;
        continue;
      }
      const body = chunk.subarray(at, at + this.#rest);
      if (this.#dropping) {
        this.#drop(body);
        whole = false;
      } else {
        kept.push(body);
      }
      this.#rest -= body.length;
      at += body.length;
    }
    return whole ? chunk : Buffer.concat(kept);
  }

  /** Section 2.2 of MQTT 3.1.1: a type with flags, and a length in one to four bytes. */
  #readHeader(chunk: Buffer, from: number, kept: Buffer[]): number {
    let at = from;
    while (at < chunk.length) {
      const byte = chunk[at++] ?? 0;
      this.#header.push(byte);
      const lengthBytes = this.#header.length - 1;
      if (lengthBytes === 0 || (byte & 0x80 && lengthBytes < 4)) continue;
      this.#begin(kept);
      break;
    }
    return at;
  }

  #begin(kept: Buffer[]): void {
    const [first = 0, ...lengths] = this.#header;
    this.#rest = lengths.reduce((length, byte, i) => length + (byte & 0x7f) * 128 ** i, 0);
    const bytes = this.#header.length + this.#rest;
    this.#dropping = bytes > this.#maxBytes;
    if (this.#dropping) {
      const qos = first >> 4 === publishType ? (first >> 1) & 3 : 0;
      this.#dropped = { bytes, qos, head: Buffer.alloc(0) };
      if (qos === 0) this.#tell({ bytes });
    } else {
      kept.push(Buffer.from(this.#header));
    }
    this.#header = [];
  }

  /** The identifier stands behind the topic (section 3.3.2). */
  #drop(body: Buffer): void {
    const packet = this.#dropped;
    if (!packet) return;
    packet.head = Buffer.concat([packet.head, body.subarray(0, 65_539)]);
    const at = packet.head.length < 2 ? Number.POSITIVE_INFINITY : 2 + packet.head.readUInt16BE(0);
    if (packet.head.length < at + 2) return;
    this.#tell({ bytes: packet.bytes, qos: packet.qos, messageId: packet.head.readUInt16BE(at) });
  }

  #tell(packet: Oversized): void {
    this.#dropped = undefined;
    this.#onOversized(packet);
  }
}
