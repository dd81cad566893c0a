import { mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { writeWhole } from '../write-whole.ts';

/**
 * The filters that a persistent session has at the broker outlive the process, and MQTT 3.1.1 has no way to ask
 * for them. They are noted in a file, so that a later process can end those that it does not want any more.
 */
export class SessionFilters {
  readonly #file: string;
  readonly #onError: (error: unknown) => void;
  readonly #filters = new Set<string>();
  #owner = '';
  #writing: Promise<void> = Promise.resolve();

  /** A file that cannot be written is told to `onError`; then a later process does not know what to end. */
  constructor({ file, onError }: { file: string; onError: (error: unknown) => void }) {
    this.#file = file;
    this.#onError = onError;
  }

  /** `owner`: whose session it is. Another client id or broker has another one. */
  async load(owner: string): Promise<void> {
    this.#owner = owner;
    const text = await readFile(this.#file, 'utf8').catch(() => '');
    for (const filter of parse(text, owner)) this.#filters.add(filter);
  }

  add(filter: string): void {
    if (this.#filters.has(filter)) return;
    this.#filters.add(filter);
    this.#save();
  }

  delete(filter: string): void {
    if (this.#filters.delete(filter)) this.#save();
  }

  [Symbol.iterator](): IterableIterator<string> {
    return this.#filters.values();
  }

  /** Resolves when all is written. */
  saved(): Promise<void> {
    return this.#writing;
  }

  /** One write after the other, each complete or not at all. */
  #save(): void {
    const text = JSON.stringify({ owner: this.#owner, filters: [...this.#filters] });
    const write = async () => {
      await mkdir(dirname(this.#file), { recursive: true });
      await writeWhole(this.#file, text);
    };
    this.#writing = this.#writing.then(write).catch(this.#onError);
  }
}

function parse(text: string, owner: string): string[] {
  try {
    const noted: unknown = JSON.parse(text);
    const mine = typeof noted === 'object' && noted !== null && 'owner' in noted && noted.owner === owner;
    if (!mine || !('filters' in noted) || !Array.isArray(noted.filters)) return [];
    return noted.filters.filter((filter): filter is string => typeof filter === 'string');
  } catch {
    return [];
  }
}
