import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile } from '../../durable.ts';
import { reasonOf, refusal } from './failure.ts';

/**
 * The newest verified metadata, on disk: it remembers what a repository must not fall behind, and saves
 * fetching what did not change. It is verified anew whenever it is read, and each file is old or new, never
 * torn, so that no crash can do more than make the next refresh fetch more.
 */
export interface MetadataCache {
  /** `name` is that of a file, `timestamp.json` for example. Undefined if there is none that can be read. */
  read(name: string): Promise<Buffer | undefined>;
  /** @throws UPDATE_UNWRITABLE */
  write(name: string, data: Uint8Array): Promise<void>;
}

export function metadataCache(folder: string): MetadataCache {
  return {
    async read(name) {
      try {
        return await readFile(join(folder, name));
      } catch {
        return undefined;
      }
    },
    async write(name, data) {
      const file = join(folder, name);
      try {
        await mkdir(folder, { recursive: true });
        await replaceFile(file, data);
      } catch (cause) {
        const received = reasonOf(cause);
        throw refusal('UPDATE_UNWRITABLE', { expected: 'to write metadata', what: file, received, cause });
      }
    },
  };
}
