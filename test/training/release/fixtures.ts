import { join } from 'node:path';
import { writeBundle } from '../../../src/models/bundle.ts';
import { addKey } from '../../../src/training/release/add-key.ts';
import { addRelease, type ReleaseOptions } from '../../../src/training/release/add-release.ts';
import { type InitOptions, initRepository } from '../../../src/training/release/init.ts';
import { keyStore } from '../../../src/training/release/key-store.ts';
import { type Repository, readAnchor } from '../../../src/training/release/repository.ts';
import { draft, files, temporaryFolder } from '../../models/bundle-fixtures.ts';

export interface Owner {
  /** To be handed out: `metadata/` and `targets/`. */
  readonly folder: string;
  readonly keysFolder: string;
  readonly repository: Repository;
  release(version: string, options?: ReleaseChange): Promise<string>;
}

type ReleaseChange = Partial<Omit<ReleaseOptions, 'bundle'>> & {
  readonly model?: string;
  readonly size?: number;
};

export const passphrase = 'correct horse battery staple';

/** A new repository with a model `digits` that has a key and no releases. */
export async function newRepository(options: Partial<InitOptions> = {}): Promise<Owner> {
  const home = await temporaryFolder();
  const [folder, keysFolder] = [join(home, 'repo'), join(home, 'keys')];
  const keys = keyStore({ folders: [keysFolder], passphrase: async () => passphrase });
  const one = { keys: 1, threshold: 1 };
  await initRepository({ folder, keys, keysFolder, onlineDays: 7, root: one, targets: one, ...options });
  const repository = { folder, keys, anchor: await readAnchor(keysFolder), onlineDays: 7 };
  await addKey(repository, { holder: { model: 'digits' } });
  return {
    folder,
    keysFolder,
    repository,
    async release(version, { model = 'digits', size = 1000, ...change } = {}) {
      const bundle = await bundleFile({ name: model, version, size });
      await addRelease(repository, { bundle, channel: 'stable', ...change });
      return bundle;
    },
  };
}

/** A bundle of its own, with so many bytes of no meaning in it. */
export async function bundleFile({ name = 'digits', version = '1.0.0', size = 1000 } = {}): Promise<string> {
  const path = join(await temporaryFolder(), `${name}.bundle`);
  const weights = Buffer.alloc(size, `${name} ${version}`);
  await writeBundle({ ...draft, name, version }, { ...files, 'weights.bin': weights }, path);
  return path;
}
