import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile } from '../../durable.ts';
import { GatewayError } from '../../errors.ts';
import { InTurn } from '../../in-turn.ts';
import type { Logger } from '../../log.ts';
import { noPointers, type Pointers, parsePointers } from './pointers.ts';

export interface ModelStoreOptions {
  /** Made when something is written. */
  readonly folder: string;
  /** Bundles beside those that a pointer names are kept up to this many bytes. */
  readonly maxBytes: number;
  readonly log: Logger;
}

interface Stored {
  readonly name: string;
  readonly bytes: number;
  readonly usedAt: number;
}

/**
 * Bundles by their digest, and what is remembered of each model. A bundle is under its name only when it is
 * whole; pointers are the old ones or the new ones. So whatever moment ends the program, the next start finds a
 * version that works.
 */
export class ModelStore {
  readonly #bundles: string;
  readonly #pointers: string;
  readonly #options: ModelStoreOptions;
  readonly #known = new Map<string, Pointers>();
  /** Digests of the bundles that updates are at work with, one for each update. */
  readonly #kept: string[] = [];
  /** By digest, the end of the last try to bring its bundle. */
  readonly #arriving = new Map<string, Promise<void>>();
  /** Changes come one after the other. */
  readonly #queue = new InTurn();

  constructor(options: ModelStoreOptions) {
    this.#options = options;
    this.#bundles = join(options.folder, 'bundles');
    this.#pointers = join(options.folder, 'pointers');
  }

  /** Reads what is there. A store that cannot be read is an empty one: what the configuration ships runs. */
  async open(): Promise<void> {
    const { log } = this.#options;
    for (const name of await entries(this.#pointers)) {
      const file = join(this.#pointers, name);
      // What a write left that was cut short.
      if (name.endsWith('.part')) await rm(file, { force: true }).catch(() => {});
      if (!name.endsWith('.json')) continue;
      const pointers = parsePointers(await readFile(file, 'utf8').catch(() => ''));
      if (pointers) this.#known.set(name.slice(0, -'.json'.length), pointers);
      else log.error({ file }, 'Memory of a model not readable');
    }
  }

  /** Of an entry of `models`. */
  pointers(model: string): Pointers {
    return this.#known.get(model) ?? noPointers;
  }

  /**
   * Changes what is remembered of a model. Resolves when it would outlast a loss of power.
   * @throws UPDATE_UNWRITABLE, and nothing has changed.
   */
  change(model: string, change: (before: Pointers) => Pointers): Promise<void> {
    return this.#queue.run(async () => {
      const next = change(this.pointers(model));
      try {
        await mkdir(this.#pointers, { recursive: true });
        await replaceFile(join(this.#pointers, `${model}.json`), JSON.stringify(next, undefined, 2));
      } catch (cause) {
        const received = cause instanceof Error ? cause.message : String(cause);
        const message = `Expected to write what is remembered of ${model} but received ${received}`;
        throw new GatewayError('UPDATE_UNWRITABLE', message, { cause });
      }
      this.#known.set(model, next);
    });
  }

  /** Where the bundle of a digest is, or would be. */
  file(digest: string): string {
    return join(this.#bundles, nameOf(digest));
  }

  async has(digest: string): Promise<boolean> {
    return stat(this.file(digest)).then(
      (found) => found.isFile(),
      () => false,
    );
  }

  /** While `work` goes on, nothing of the bundle of `digest` goes to make room for another. */
  async keep<T>(digest: string, work: () => Promise<T>): Promise<T> {
    this.#kept.push(digest);
    try {
      return await work();
    } finally {
      this.#kept.splice(this.#kept.indexOf(digest), 1);
    }
  }

  /**
   * Has `fetch` bring a bundle of so many bytes to its file, unless it is there. Who wants the same bundle meanwhile
   * waits for the end of that.
   * @throws UPDATE_UNWRITABLE, and what `fetch` throws.
   */
  bring(digest: string, bytes: number, fetch: (file: string) => Promise<void>): Promise<void> {
    const before = this.#arriving.get(digest) ?? Promise.resolve();
    const arrived = before
      .catch(() => {})
      .then(async () => {
        if (await this.has(digest)) return;
        await this.makeRoom(bytes);
        await fetch(this.file(digest));
      })
      .finally(() => {
        if (this.#arriving.get(digest) === arrived) this.#arriving.delete(digest);
      });
    this.#arriving.set(digest, arrived);
    return arrived;
  }

  /**
   * Makes the place for a bundle, and room: of those that nobody names or keeps the oldest go, until they and `bytes`
   * more are within the bound. What is left of tries to bring others goes.
   * @throws UPDATE_UNWRITABLE
   */
  makeRoom(bytes = 0): Promise<void> {
    return this.#queue.run(async () => {
      try {
        await mkdir(this.#bundles, { recursive: true });
        const keep = new Set([...this.#named(), ...this.#kept].map(nameOf));
        const spare = (await this.#stored()).filter(({ name }) => !keep.has(name.replace(/\.part$/, '')));
        const begun = spare.filter(({ name }) => name.endsWith('.part'));
        const whole = spare.filter(({ name }) => !name.endsWith('.part'));
        for (const { name } of begun) await rm(join(this.#bundles, name), { force: true });
        let total = whole.reduce((sum, each) => sum + each.bytes, bytes);
        for (const each of whole.toSorted((a, b) => a.usedAt - b.usedAt)) {
          if (total <= this.#options.maxBytes) break;
          await rm(join(this.#bundles, each.name), { force: true });
          total -= each.bytes;
        }
      } catch (cause) {
        const received = cause instanceof Error ? cause.message : String(cause);
        throw new GatewayError('UPDATE_UNWRITABLE', `Expected room for a bundle but received ${received}`, {
          cause,
        });
      }
    });
  }

  #named(): string[] {
    return [...this.#known.values()].flatMap(({ active, confirmed, previous, pinned }) =>
      [active, confirmed, previous, pinned].flatMap((ref) => (ref ? [ref.digest] : [])),
    );
  }

  async #stored(): Promise<Stored[]> {
    const found = (await entries(this.#bundles)).map(async (name): Promise<Stored[]> => {
      // The download of another model may have come to its end, and its file gone or got its name.
      const stats = await stat(join(this.#bundles, name)).catch(() => undefined);
      return stats ? [{ name, bytes: stats.size, usedAt: stats.mtimeMs }] : [];
    });
    return (await Promise.all(found)).flat();
  }
}

function nameOf(digest: string): string {
  return `${digest.replace('sha256:', '')}.bundle`;
}

function entries(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}
