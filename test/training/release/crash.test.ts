import { cp, mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { addKey } from '../../../src/training/release/add-key.ts';
import { keyStore } from '../../../src/training/release/key-store.ts';
import { refreshRepository } from '../../../src/training/release/refresh-repository.ts';
import { revokeKey, revokeRelease } from '../../../src/training/release/revoke.ts';
import { temporaryFolder } from '../../models/bundle-fixtures.ts';
import { stolenKeys } from '../../models/update/forge.ts';
import { bornWith } from '../../models/update/hostile.ts';
import { type Owner, releasedRepository } from './fixtures.ts';

/** Files of a repository with when they were written, which a rename does not change. */
async function filesOf(folder: string): Promise<Map<string, bigint>> {
  const all = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = all.filter((each) => each.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  const times = files.map(async (file) => {
    const { mtimeNs } = await stat(file, { bigint: true });
    return [relative(folder, file), mtimeNs] as const;
  });
  return new Map(await Promise.all(times));
}

/**
 * The repository as a crash would leave it after each file that `change` writes: what was there, and the
 * first of what is new, in the order in which it was written. The last is the whole.
 */
async function crashes(owner: Owner, change: () => Promise<unknown>): Promise<readonly string[]> {
  const before = join(await temporaryFolder(), 'before');
  await cp(owner.folder, before, { recursive: true, preserveTimestamps: true });
  const old = await filesOf(owner.folder);
  await change();
  const written = [...(await filesOf(owner.folder))]
    .filter(([file, time]) => old.get(file) !== time)
    .sort(([, a], [, b]) => (a < b ? -1 : 1));
  const steps: string[] = [];
  for (let n = 0; n <= written.length; n++) {
    const folder = join(await temporaryFolder(), 'repo');
    await cp(before, folder, { recursive: true, preserveTimestamps: true });
    for (const [file] of written.slice(0, n)) {
      await mkdir(dirname(join(folder, file)), { recursive: true });
      await cp(join(owner.folder, file), join(folder, file));
    }
    steps.push(folder);
  }
  return steps;
}

const changes: Readonly<Record<string, (owner: Owner) => Promise<unknown>>> = {
  release: (owner) => owner.release('1.1.0'),
  'revoked release': async (owner) => {
    await owner.release('1.1.0');
    await revokeRelease(owner.repository, { model: 'digits', version: '1.1.0' });
  },
  'new key': (owner) => addKey(owner.repository, { holder: { role: 'timestamp' } }),
  refresh: (owner) => refreshRepository(owner.repository, ['root', 'targets', 'model-digits']),
};

/** Rotations, in their second half: the new key is there, the old one goes. */
const rotations = ['root', 'targets', 'timestamp', 'model-digits'] as const;

async function expectServed(folder: string, owner: Owner, what: string): Promise<void> {
  const url = pathToFileURL(folder).href;
  const fresh = await bornWith(owner.repository.anchor);
  expect((await fresh.update(url)).version, what).toMatch(/^1\.[01]\.0$/);
}

async function expectMended(folder: string, owner: Owner, what: string): Promise<void> {
  await refreshRepository({ ...owner.repository, folder });
  await expectServed(folder, owner, `${what}, refreshed`);
}

describe('a crash while the owner changes the repository', () => {
  it.each(Object.entries(changes))(
    '(%s) leaves one that serves, and can be gone on with',
    async (name, change) => {
      const owner = await releasedRepository();
      const steps = await crashes(owner, () => change(owner));
      expect(steps.length).toBeGreaterThan(2);
      for (const [n, folder] of steps.entries()) {
        await expectServed(folder, owner, `${name}, after ${n} files`);
        if (n > steps.length - 4) await expectMended(folder, owner, `${name}, after ${n} files`);
      }
    },
  );

  it.each(rotations)('(rotation of %s) leaves one that serves', async (role) => {
    const owner = await releasedRepository();
    const [key] = await stolenKeys(owner, role);
    const holder = role === 'model-digits' ? { model: 'digits' } : { role };
    await addKey(owner.repository, { holder });
    const steps = await crashes(owner, () => revokeKey(owner.repository, key?.id ?? ''));
    for (const [n, folder] of steps.entries()) {
      await expectServed(folder, owner, `rotation of ${role}, after ${n} files`);
      if (n > steps.length - 4) await expectMended(folder, owner, `rotation of ${role}, after ${n} files`);
    }
  });

  it.each(['timestamp', 'targets'] as const)(
    '(rotation of %s whose old key is lost) is mended by a refresh',
    async (role) => {
      const owner = await releasedRepository();
      const [key] = await stolenKeys(owner, role);
      await addKey(owner.repository, { holder: { role } });
      const id = key?.id ?? '';
      await rm(join(owner.keysFolder, `${role}-${id.slice(0, 8)}.pem`));
      const keys = keyStore({ folders: [owner.keysFolder], passphrase: async () => 'open sesame' });
      const bereft = { ...owner, repository: { ...owner.repository, keys } };
      const steps = await crashes(bereft, () => revokeKey(bereft.repository, id));
      for (const [n, folder] of steps.entries()) {
        await expectMended(folder, bereft, `rotation of ${role}, after ${n} files`);
      }
    },
  );
});

describe('a repository', () => {
  it('has no more of the files of before than clients may still read', async () => {
    const owner = await releasedRepository();
    for (let n = 0; n < 12; n++) await refreshRepository(owner.repository);
    const names = await readdir(join(owner.folder, 'metadata'));
    expect(names.filter((name) => name.endsWith('.snapshot.json'))).toHaveLength(10);
    expect(names).toContain('1.root.json');
    expect(await readFile(join(owner.folder, 'metadata', '1.root.json'))).toEqual(owner.repository.anchor);
    await expectServed(owner.folder, owner, 'after 12 refreshes');
  });
});
