import { Duplex } from 'node:stream';
import { GatewayError } from '../errors.ts';
import { maxConnectBytes, PacketScanner } from './packet-scanner.ts';

/** Messages of one connection whose handlers have not settled; beyond it the socket is not read. */
const maxHeldMessages = 512;
/**
 * What the parser is given in one turn of the event loop where a chunk holds more than so many packets: hundreds of
 * small messages would hold up all others for as long as their handlers take to begin. Frames are not cut: the parser
 * would have to copy their parts together.
 */
const turnBytes = 16 * 1024;
const turnPackets = 64;
/** Read ahead of the parser, and written ahead of the socket before the writer is told to wait. */
const bufferBytes = 256 * 1024;
/** Chunks that together are smaller than this leave in one write: packets are written in many small pieces. */
const joinBytes = 64 * 1024;
/** How long what was written may take to leave when the connection ends. */
const flushTimeoutMs = 2_000;

/** Who is at the other end. */
export interface Peer {
  readonly address: string;
  /** On this machine, and not a web page of another site. */
  readonly local: boolean;
  /** Common name of a certificate that was verified. */
  readonly certificateName?: string;
}

export interface ConnectionOptions {
  readonly socket: Duplex;
  readonly peer: Peer;
  readonly maxPacketBytes: number;
}

/**
 * A client's socket as the broker sees it, with what the broker itself does not bound: the size of a packet,
 * the messages that wait for a handler, and what a slow reader leaves unread.
 */
export class Connection extends Duplex {
  readonly peer: Peer;
  readonly #socket: Duplex;
  readonly #scanner: PacketScanner;
  readonly #maxHeldBytes: number;
  #heldMessages = 0;
  #heldBytes = 0;
  #wanted = false;
  /** The rest of a chunk waits for the next turn of the event loop. */
  #turning = false;
  /** Held messages that the reader has not been told about. */
  #unannounced = 0;

  constructor({ socket, peer, maxPacketBytes }: ConnectionOptions) {
    super({ readableHighWaterMark: bufferBytes, writableHighWaterMark: bufferBytes });
    this.peer = peer;
    this.#socket = socket;
    this.#scanner = new PacketScanner({ maxBytes: maxPacketBytes, maxFirstBytes: maxConnectBytes });
    this.#maxHeldBytes = 2 * maxPacketBytes;
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('end', () => this.push(null));
    socket.on('error', (error) => this.destroy(error));
    // After a clean end the reader first takes what came before it.
    socket.on('close', () => socket.readableEnded || this.destroy());
    socket.pause();
  }

  /** Bytes that the peer has not read yet. */
  get backlog(): number {
    return this.writableLength + this.#socket.writableLength;
  }

  /**
   * Counts a message whose handler has yet to settle. aedes reads on only when all that it read is done, so
   * it is told here that one of them does not count; the bounds above take the place of that. Without this
   * only a few frames of a camera would be in work at once, and its PINGREQ would wait behind them.
   */
  hold(bytes: number): void {
    this.#heldMessages++;
    this.#heldBytes += bytes;
    // Not at once: the parser is in the middle of a chunk.
    if (this.#unannounced++ === 0) process.nextTick(() => this.#announce());
  }

  release(bytes: number): void {
    this.#heldMessages--;
    this.#heldBytes -= bytes;
    this.#flow();
  }

  #announce(): void {
    for (; this.#unannounced > 0 && !this.destroyed; this.#unannounced--) this.emit('readable');
  }

  #receive(chunk: Buffer): void {
    const { begun } = this.#scanner;
    const size = this.#scanner.scan(chunk);
    if (size !== undefined) {
      this.destroy(
        new GatewayError('BUS_PACKET_TOO_LARGE', undefined, {
          details: { bytes: size, peer: this.peer.address },
        }),
      );
      return;
    }
    this.#pass(chunk, this.#scanner.begun - begun > turnPackets ? turnBytes : chunk.length);
  }

  #pass(chunk: Buffer, step: number): void {
    const rest = chunk.subarray(step);
    this.#turning = rest.length > 0;
    if (!this.push(chunk.subarray(0, step))) this.#wanted = false;
    this.#flow();
    if (this.#turning) setImmediate(() => this.destroyed || this.#pass(rest, step));
  }

  #flow(): void {
    const room = this.#heldMessages < maxHeldMessages && this.#heldBytes < this.#maxHeldBytes;
    if (this.#wanted && room && !this.#turning) this.#socket.resume();
    else this.#socket.pause();
  }

  override _read(): void {
    this.#wanted = true;
    this.#flow();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    if (this.#socket.write(chunk)) done();
    else this.#socket.once('drain', done);
  }

  override _writev(chunks: { chunk: Buffer }[], done: () => void): void {
    const total = chunks.reduce((sum, { chunk }) => sum + chunk.length, 0);
    if (total <= joinBytes) {
      this._write(
        Buffer.concat(
          chunks.map(({ chunk }) => chunk),
          total,
        ),
        'binary',
        done,
      );
      return;
    }
    this.#socket.cork();
    let free = true;
    for (const { chunk } of chunks) free = this.#socket.write(chunk);
    this.#socket.uncork();
    if (free) done();
    else this.#socket.once('drain', done);
  }

  override _final(done: () => void): void {
    this.#socket.end();
    done();
  }

  /** Without an error what was written still leaves, for as long as the flush timeout lets it. */
  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    if (error || this.#socket.destroyed) {
      this.#socket.destroy();
    } else {
      const patience = setTimeout(() => this.#socket.destroy(), flushTimeoutMs).unref();
      this.#socket.once('close', () => clearTimeout(patience));
      this.#socket.end(() => this.#socket.destroy());
      // A peer that has more to say is not heard any more, but its end must be.
      this.#socket.resume();
    }
    done(error);
  }
}
