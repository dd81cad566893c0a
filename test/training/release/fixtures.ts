import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
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

type Quorums = Partial<Pick<InitOptions, 'root' | 'targets'>>;

const templates = new Map<string, Promise<string>>();

afterAll(async () => {
  for (const home of templates.values()) await rm(await home, { recursive: true, force: true });
  templates.clear();
});

/** A new repository with a model `digits` that has a key and no releases. */
export async function newRepository(quorums: Quorums = {}): Promise<Owner> {
  const kind = JSON.stringify(quorums);
  const template = templates.get(kind) ?? makeTemplate(quorums);
  templates.set(kind, template);
  const home = join(await temporaryFolder(), 'owner');
  await cp(await template, home, { recursive: true });
  const { folder, keysFolder, keys } = placesIn(home);
  const repository = { folder, keys, anchor: await readAnchor(keysFolder), onlineDays: 7 };
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

/** Made once a file of tests: an owner waits for the disk at every step. */
async function makeTemplate(quorums: Quorums): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), 'edgeward-owner-'));
  const { folder, keysFolder, keys } = placesIn(home);
  const one = { keys: 1, threshold: 1 };
  await initRepository({ folder, keys, keysFolder, onlineDays: 7, root: one, targets: one, ...quorums });
  const repository = { folder, keys, anchor: await readAnchor(keysFolder), onlineDays: 7 };
  await addKey(repository, { holder: { model: 'digits' } });
  return home;
}

function placesIn(home: string) {
  const [folder, keysFolder] = [join(home, 'repo'), join(home, 'keys')];
  return {
    folder,
    keysFolder,
    keys: keyStore({ folders: [keysFolder], passphrase: async () => 'open sesame' }),
  };
}

/** A bundle of its own, with so many bytes of no meaning in it. */
export async function bundleFile({ name = 'digits', version = '1.0.0', size = 1000 } = {}): Promise<string> {
  const path = join(await temporaryFolder(), `${name}.bundle`);
  const weights = Buffer.alloc(size, `${name} ${version}`);
  await writeBundle({ ...draft, name, version }, { ...files, 'weights.bin': weights }, path);
  return path;
}
