import { createHash, type Hash } from 'node:crypto';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncFolder } from '../../durable.ts';
import { reasonOf, refusal } from './failure.ts';

/** A file that is arriving: `<file>.part` and the digest of what is in it. Errors are UPDATE_UNWRITABLE. */
export class PartFile {
  readonly #file: string;
  readonly #handle: FileHandle;
  #hash: Hash = createHash('sha256');
  #bytes = 0;

  private constructor(file: string, handle: FileHandle) {
    this.#file = file;
    this.#handle = handle;
  }

  /** Goes on with what an earlier try left, unless that is more than `maxBytes`. */
  static async open(file: string, maxBytes: number): Promise<PartFile> {
    const handle = await onDisk(file, () => open(partOf(file), 'a+'));
    const part = new PartFile(file, handle);
    try {
      await onDisk(file, () => part.#resume(maxBytes));
    } catch (error) {
      await part.close();
      throw error;
    }
    return part;
  }

  /** Where it is until it has its name. */
  get path(): string {
    return partOf(this.#file);
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** `sha256:…` of what is there. */
  get digest(): string {
    return `sha256:${this.#hash.copy().digest('hex')}`;
  }

  async append(chunk: Uint8Array): Promise<void> {
    await onDisk(this.#file, () => this.#handle.appendFile(chunk));
    this.#count(chunk);
  }

  async restart(): Promise<void> {
    await onDisk(this.#file, () => this.#handle.truncate(0));
    this.#hash = createHash('sha256');
    this.#bytes = 0;
  }

  /** Gives the file its name, for good. */
  async finish(): Promise<void> {
    await onDisk(this.#file, async () => {
      await this.#handle.sync();
      await this.close();
      await rename(partOf(this.#file), this.#file);
      await syncFolder(dirname(this.#file));
    });
  }

  async discard(): Promise<void> {
    await this.close();
    await rm(partOf(this.#file), { force: true });
  }

  /** Keeps what is there for another try. */
  async close(): Promise<void> {
    await this.#handle.close();
  }

  async #resume(maxBytes: number): Promise<void> {
    if ((await this.#handle.stat()).size > maxBytes) return this.restart();
    const chunk = Buffer.allocUnsafe(256 * 1024);
    for (;;) {
      const { bytesRead } = await this.#handle.read(chunk, 0, chunk.length, this.#bytes);
      if (bytesRead === 0) return;
      this.#count(chunk.subarray(0, bytesRead));
    }
  }

  #count(chunk: Uint8Array): void {
    this.#hash.update(chunk);
    this.#bytes += chunk.length;
  }
}

function partOf(file: string): string {
  return `${file}.part`;
}

async function onDisk<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const received = reasonOf(cause);
    throw refusal('UPDATE_UNWRITABLE', { expected: 'to write the bundle', what: file, received, cause });
  }
}
