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
export function newRepository(quorums: Quorums = {}): Promise<Owner> {
  return copyOf(`new ${JSON.stringify(quorums)}`, async (home) => {
    const { folder, keysFolder, keys } = placesIn(home);
    const one = { keys: 1, threshold: 1 };
    await initRepository({ folder, keys, keysFolder, onlineDays: 7, root: one, targets: one, ...quorums });
    await addKey((await ownerOf(home)).repository, { holder: { model: 'digits' } });
  });
}

/** The same with a release 1.0.0. */
export function releasedRepository(quorums: Quorums = {}): Promise<Owner> {
  return copyOf(`released ${JSON.stringify(quorums)}`, async (home) => {
    const { folder, release } = await newRepository(quorums);
    await release('1.0.0');
    await cp(join(folder, '..'), home, { recursive: true });
  });
}

/** An owner waits for the disk at every step: what several tests begin with is made once. */
async function copyOf(kind: string, make: (home: string) => Promise<unknown>): Promise<Owner> {
  const made = async () => {
    const home = await mkdtemp(join(tmpdir(), 'edgeward-owner-'));
    await make(home);
    return home;
  };
  const template = templates.get(kind) ?? made();
  templates.set(kind, template);
  const home = join(await temporaryFolder(), 'owner');
  await cp(await template, home, { recursive: true });
  return ownerOf(home);
}

async function ownerOf(home: string): Promise<Owner> {
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
