import { mkdir, rm, stat } from 'node:fs/promises';
import { replaceFile } from '../../durable.ts';
import { GatewayError } from '../../errors.ts';
import { InTurn } from '../../in-turn.ts';
import { encodeSample, frameKey, type SampleWithPayload } from './sample.ts';
import { leftParts, readSample, type SampleFile, sampleFiles, samplePath } from './sample-files.ts';

export interface SampleStoreOptions {
  readonly folder: string;
  /** Of the files. Beyond either bound the oldest sample goes. */
  readonly maxBytes: number;
  readonly maxCount: number;
  /** Samples that had to go for want of room. */
  readonly onDropped: (samples: number) => void;
}

interface Entry extends SampleFile {
  readonly bytes: number;
}

/** Pictures of people and of what a factory makes: nobody else's to read. */
const fileMode = 0o600;
const folderMode = 0o700;

/**
 * A ring of samples on disk, a file each, so that other programs read it while the gateway runs. A file is whole
 * or not there, whenever the power goes.
 */
export class SampleStore {
  readonly #options: SampleStoreOptions;
  /** By id, oldest first. */
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;
  #last = 0;
  /** One change after the other. */
  readonly #turn = new InTurn();

  constructor(options: SampleStoreOptions) {
    this.#options = options;
  }

  get count(): number {
    return this.#entries.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** @throws STATE_UNWRITABLE */
  async open(): Promise<void> {
    const { folder } = this.#options;
    try {
      await mkdir(folder, { recursive: true, mode: folderMode });
      for (const path of await leftParts(folder)) await rm(path, { force: true });
      for (const file of await sampleFiles(folder)) {
        this.#note({ ...file, bytes: (await stat(file.path)).size });
        this.#last = file.number;
      }
      // The bounds may have become smaller.
      await this.#makeRoom(0, 0);
    } catch (cause) {
      const text = `Expected a folder of our own for samples at ${folder} but received an error`;
      throw new GatewayError('STATE_UNWRITABLE', text, { cause });
    }
  }

  /** Resolves when everything asked for is done. */
  async close(): Promise<void> {
    await this.#turn.ended();
  }

  has(id: string): boolean {
    return this.#entries.has(id);
  }

  /**
   * Resolves when the sample is on disk: with false where it already was. Rejects with the disk's error.
   * @throws SAMPLE_INVALID if it is larger than the ring.
   */
  put(kept: SampleWithPayload): Promise<boolean> {
    return this.#turn.run(async () => {
      const { id } = kept.sample;
      if (this.#entries.has(id)) return false;
      const data = encodeSample(kept);
      const { maxBytes, folder } = this.#options;
      if (data.length > maxBytes) {
        const text = `Expected at most ${maxBytes} bytes for a sample but received ${data.length}`;
        throw new GatewayError('SAMPLE_INVALID', text);
      }
      await this.#makeRoom(data.length, 1);
      const number = ++this.#last;
      const path = samplePath(folder, number, id);
      await replaceFile(path, data, { mode: fileMode });
      this.#note({ number, id, path, bytes: data.length });
      return true;
    });
  }

  /** Those that are kept of a frame, by its sources and pipelines. */
  find(frame: string): Promise<SampleWithPayload[]> {
    return this.#turn.run(async () => {
      const files = [...this.#entries.values()].filter(({ id }) => id.startsWith(frameKey(frame)));
      const samples = await Promise.all(files.map(readSample));
      return samples.filter(({ sample }) => sample.frame.id === frame);
    });
  }

  /** Says what a sample shows. Resolves with it, or undefined if it is not there any more. */
  label(id: string, label: string): Promise<SampleWithPayload | undefined> {
    return this.#turn.run(async () => {
      const entry = this.#entries.get(id);
      if (!entry) return undefined;
      const { sample, payload } = await readSample(entry);
      const labelled = { sample: { ...sample, label }, payload };
      const data = encodeSample(labelled);
      await replaceFile(entry.path, data, { mode: fileMode });
      this.#note({ ...entry, bytes: data.length });
      return labelled;
    });
  }

  #note(entry: Entry): void {
    this.#bytes += entry.bytes - (this.#entries.get(entry.id)?.bytes ?? 0);
    this.#entries.set(entry.id, entry);
  }

  async #makeRoom(bytes: number, count: number): Promise<void> {
    const { maxBytes, maxCount, onDropped } = this.#options;
    let dropped = 0;
    for (const { id, path, bytes: freed } of this.#entries.values()) {
      if (this.#bytes + bytes <= maxBytes && this.#entries.size + count <= maxCount) break;
      await rm(path, { force: true });
      this.#entries.delete(id);
      this.#bytes -= freed;
      dropped++;
    }
    if (dropped > 0) onDropped(dropped);
  }
}
