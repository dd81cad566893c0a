import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { Updater } from 'tuf-js';
import { describe, expect, it } from 'vitest';
import { addKey } from '../../../src/training/release/add-key.ts';
import { revokeKey } from '../../../src/training/release/revoke.ts';
import { releasedRepository } from '../../training/release/fixtures.ts';
import { temporaryFolder } from '../bundle-fixtures.ts';
import { recorded, stolenKeys } from './forge.ts';
import { bornWith, mirrorOf } from './hostile.ts';

const byName = (a: string, b: string) => (a < b ? -1 : 1);

async function filesIn(folder: string): Promise<string[]> {
  const all = await readdir(folder, { recursive: true, withFileTypes: true });
  return all
    .filter((each) => each.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
    .sort(byName);
}

/** A change of a file that a hostile mirror, or a failing disk, could make. */
const damage = fc.oneof(
  fc.record({ kind: fc.constant('flip' as const), at: fc.nat(), mask: fc.integer({ min: 1, max: 255 }) }),
  fc.record({ kind: fc.constant('cut' as const), at: fc.nat() }),
  fc.record({
    kind: fc.constant('insert' as const),
    at: fc.nat(),
    data: fc.uint8Array({ minLength: 1, maxLength: 20 }),
  }),
  fc.record({ kind: fc.constant('swap' as const), other: fc.nat() }),
);
type Damage = typeof damage extends fc.Arbitrary<infer T> ? T : never;

async function damaged(file: string, all: readonly string[], how: Damage): Promise<Buffer> {
  const data = await readFile(file);
  if (how.kind === 'swap') return readFile(all[how.other % all.length] ?? file);
  const at = how.at % data.length;
  if (how.kind === 'cut') return data.subarray(0, at);
  if (how.kind === 'insert') return Buffer.concat([data.subarray(0, at), how.data, data.subarray(at)]);
  const flipped = Buffer.from(data);
  flipped[at] = (flipped[at] ?? 0) ^ how.mask;
  return flipped;
}

describe('whatever is done', () => {
  it('to a file of the repository: the gateway takes what was signed, or nothing', async () => {
    const owner = await releasedRepository();
    await addKey(owner.repository, { holder: { role: 'timestamp' } });
    const mirror = await mirrorOf(owner.folder);
    const honest = await (await bornWith(owner.repository.anchor)).update(mirror.url);
    const all = await filesIn(owner.folder);
    await fc.assert(
      fc.asyncProperty(fc.nat(), damage, async (which, how) => {
        const file = all[which % all.length] ?? '';
        mirror.instead.clear();
        mirror.instead.set(file.slice(owner.folder.length + 1), await damaged(file, all, how));
        const gateway = await bornWith(owner.repository.anchor);
        const outcome = await gateway.update(mirror.url).catch((error: unknown) => error);
        if (outcome instanceof Error) {
          expect(outcome).toMatchObject({ code: expect.stringMatching(/^UPDATE_/) });
          expect(Object.keys(await gateway.contents())).not.toContain('digits.bundle');
        } else {
          expect(outcome).toEqual(honest);
        }
        // And no trace of it keeps the gateway from an honest mirror.
        mirror.instead.clear();
        expect(await gateway.update(mirror.url)).toEqual(honest);
        await rm(gateway.disk, { recursive: true });
      }),
      { numRuns: 25 },
    );
  });

  it("to the gateway's own files: the next refresh mends them", async () => {
    const owner = await releasedRepository();
    const mirror = await mirrorOf(owner.folder);
    const gateway = await bornWith(owner.repository.anchor);
    const honest = await gateway.update(mirror.url);
    const all = await filesIn(join(gateway.disk, 'metadata'));
    await fc.assert(
      fc.asyncProperty(fc.nat(), damage, async (which, how) => {
        const file = all[which % all.length] ?? '';
        await writeFile(file, await damaged(file, all, how));
        expect(await gateway.update(mirror.url)).toEqual(honest);
      }),
      { numRuns: 20 },
    );
  });
});

describe('a gateway', () => {
  it('fetches no metadata again that did not change', async () => {
    const owner = await releasedRepository();
    const mirror = await mirrorOf(owner.folder);
    const gateway = await bornWith(owner.repository.anchor);
    await gateway.update(mirror.url);
    mirror.requests.length = 0;
    await gateway.update(mirror.url);
    expect(mirror.requests.filter((path) => path.startsWith('metadata/'))).toEqual([
      'metadata/2.root.json',
      'metadata/timestamp.json',
    ]);
  });

  it('follows roots from the one of its birth, also when it has slept through several', async () => {
    const owner = await releasedRepository();
    const old = await mirrorOf(await recorded(owner));
    const [awake, asleep] = [
      await bornWith(owner.repository.anchor),
      await bornWith(owner.repository.anchor),
    ];
    const mirror = await mirrorOf(owner.folder);
    for (const role of ['root', 'timestamp', 'snapshot', 'targets'] as const) {
      const [key] = await stolenKeys(owner, role);
      await addKey(owner.repository, { holder: { role } });
      await awake.update(mirror.url);
      await revokeKey(owner.repository, key?.id ?? '');
      expect(await awake.update(mirror.url)).toMatchObject({ version: '1.0.0' });
    }
    expect(await asleep.update(mirror.url)).toMatchObject({ version: '1.0.0' });
    await expect(awake.update(old.url)).rejects.toMatchObject({ code: 'UPDATE_SIGNATURE_INVALID' });
  });
});

describe('another client of TUF', () => {
  it('reads the same repository', async () => {
    const owner = await releasedRepository();
    const { url } = await mirrorOf(owner.folder);
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'root.json'), owner.repository.anchor);
    const urls = { metadataBaseUrl: `${url}metadata`, targetBaseUrl: `${url}targets` };
    const updater = new Updater({ metadataDir: folder, targetDir: folder, ...urls });
    await updater.refresh();
    const target = await updater.getTargetInfo('digits/digits-1.0.0.bundle');
    if (!target) throw new Error('not found');
    const file = await updater.downloadTarget(target, join(folder, 'digits.bundle'));
    expect((await readFile(file)).length).toBe(target.length);
  });
});
