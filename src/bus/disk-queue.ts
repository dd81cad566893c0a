import { mkdir } from 'node:fs/promises';
import { ClassicLevel } from 'classic-level';
import { GatewayError } from '../errors.ts';
import { InTurn } from '../in-turn.ts';
import { safeWrites } from './safe-writes.ts';

export interface DiskQueueOptions {
  readonly folder: string;
  /** Bytes of entries, in flight or waiting. Beyond it the oldest that waits goes. */
  readonly maxBytes: number;
  /** Entries that had to go for want of room. */
  readonly onDropped: (entries: number) => void;
}

export interface Entry {
  readonly key: string;
  readonly bytes: Buffer;
}

/** Entries fetched from disk at once. */
const readAhead = 64;
/** Decimal digits of a number, so that keys sort by it. */
const digits = 16;

/**
 * First in, first out, on disk and bounded. What was taken stays on disk until it is removed, so that a
 * process that dies between the two finds it again. Like the broker's store it is not synced at each entry:
 * entries outlive the process, and a power cut may take the last moments.
 */
export class DiskQueue {
  readonly #options: DiskQueueOptions;
  readonly #db: ClassicLevel<string, Buffer>;
  readonly #close: () => Promise<void>;
  /** Bytes of each entry that was taken and is not removed. */
  readonly #taken = new Map<string, number>();
  #bytes = 0;
  #written = 0;
  /** The last key that was taken. */
  #last = '';
  /** One change after the other. */
  readonly #turn = new InTurn();

  constructor(options: DiskQueueOptions) {
    this.#options = options;
    this.#db = new ClassicLevel(options.folder, { keyEncoding: 'utf8', valueEncoding: 'buffer' });
    this.#close = safeWrites(this.#db, options.folder);
  }

  /** Bytes on disk, of entries in flight and waiting. */
  get bytes(): number {
    return this.#bytes;
  }

  /** @throws STATE_UNWRITABLE */
  async open(): Promise<void> {
    const { folder } = this.#options;
    try {
      await mkdir(folder, { recursive: true });
      await this.#db.open();
      for await (const [key, value] of this.#db.iterator()) {
        this.#bytes += value.length;
        this.#written = Number(key);
      }
    } catch (cause) {
      const text = `Expected a folder of our own for a queue at ${folder} but received an error`;
      throw new GatewayError('STATE_UNWRITABLE', text, { cause });
    }
  }

  async close(): Promise<void> {
    await this.#turn.ended();
    await this.#close();
  }

  /** Resolves when the entry is on disk, or dropped because it alone is too large. Rejects with the disk's error. */
  push(bytes: Buffer): Promise<void> {
    return this.#turn.run(async () => {
      const { maxBytes, onDropped } = this.#options;
      if (bytes.length > maxBytes) return onDropped(1);
      await this.#makeRoom(bytes.length);
      await this.#db.put(String(++this.#written).padStart(digits, '0'), bytes);
      this.#bytes += bytes.length;
    });
  }

  /** The next entries, oldest first; none where nothing waits. Each is taken once a process. */
  take(most: number): Promise<Entry[]> {
    return this.#turn.run(async () => {
      const found = await this.#db.iterator({ gt: this.#last, limit: Math.min(most, readAhead) }).all();
      for (const [key, { length }] of found) this.#taken.set(key, length);
      this.#last = found.at(-1)?.[0] ?? this.#last;
      return found.map(([key, bytes]) => ({ key, bytes }));
    });
  }

  /** An entry that was taken is done with. */
  remove(key: string): Promise<void> {
    return this.#turn.run(async () => {
      const length = this.#taken.get(key);
      if (length === undefined) return;
      await this.#db.del(key);
      this.#taken.delete(key);
      this.#bytes -= length;
    });
  }

  async #makeRoom(wanted: number): Promise<void> {
    let dropped = 0;
    while (this.#bytes + wanted > this.#options.maxBytes) {
      const [oldest] = await this.#db.iterator({ gt: this.#last, limit: 1 }).all();
      if (oldest === undefined) break;
      await this.#db.del(oldest[0]);
      this.#last = oldest[0];
      this.#bytes -= oldest[1].length;
      dropped++;
    }
    if (dropped > 0) this.#options.onDropped(dropped);
  }
}
