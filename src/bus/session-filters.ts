import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * The filters that a persistent session has at the broker outlive the process, and MQTT 3.1.1 has no way to ask
 * for them. They are noted in a file, so that a later process can end those that it does not want any more.
 */
export class SessionFilters {
  readonly #file: string;
  /** Whose session it is: another client id or broker has another one. */
  readonly #owner: string;
  readonly #filters = new Set<string>();
  #writing: Promise<void> = Promise.resolve();

  constructor({ file, owner }: { file: string; owner: string }) {
    this.#file = file;
    this.#owner = owner;
  }

  async load(): Promise<void> {
    const text = await readFile(this.#file, 'utf8').catch(() => '');
    for (const filter of parse(text, this.#owner)) this.#filters.add(filter);
  }

  add(filter: string): Promise<void> {
    if (this.#filters.has(filter)) return this.#writing;
    this.#filters.add(filter);
    return this.#save();
  }

  delete(filter: string): Promise<void> {
    return this.#filters.delete(filter) ? this.#save() : this.#writing;
  }

  [Symbol.iterator](): IterableIterator<string> {
    return this.#filters.values();
  }

  /** Resolves when all is written. */
  async saved(): Promise<void> {
    await this.#writing.catch(() => {});
  }

  /** One write after the other, each complete or not at all. */
  #save(): Promise<void> {
    const text = JSON.stringify({ owner: this.#owner, filters: [...this.#filters] });
    const write = async () => {
      await mkdir(dirname(this.#file), { recursive: true });
      await writeFile(`${this.#file}.part`, text);
      await rename(`${this.#file}.part`, this.#file);
    };
    this.#writing = this.#writing.then(write, write);
    return this.#writing;
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
