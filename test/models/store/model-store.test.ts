import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bootOrder } from '../../../src/models/store/boot.ts';
import { ModelStore } from '../../../src/models/store/model-store.ts';
import {
  activated,
  confirmed,
  isOnTrial,
  noPointers,
  type Pointers,
  parsePointers,
  sentBack,
} from '../../../src/models/store/pointers.ts';
import { silent } from '../../support/silent.ts';
import { temporaryFolder } from '../bundle-fixtures.ts';

const ref = (n: number) => ({
  name: 'digits',
  version: `${n}.0.0`,
  digest: `sha256:${n.toString(16).padStart(64, '0')}`,
});
const refused = (n: number) => ({ ...ref(n), code: 'MODEL_PROBATION_FAILED', reason: '', at: '' });

async function openStore(folder: string, maxBytes = 0) {
  const store = new ModelStore({ folder, maxBytes, log: silent });
  await store.open();
  return store;
}

/** A store with bundles of so many bytes, the first the oldest. */
async function storeOf(sizes: readonly number[], maxBytes: number) {
  const folder = await temporaryFolder();
  const store = await openStore(folder, maxBytes);
  await mkdir(join(folder, 'bundles'));
  for (const [n, size] of sizes.entries()) {
    await writeFile(store.file(ref(n).digest), Buffer.alloc(size));
    await utimes(store.file(ref(n).digest), n, n);
  }
  return { folder, store };
}

describe('a store of models', () => {
  it('remembers over restarts what it was told, and nothing that it cannot read', async () => {
    const folder = await temporaryFolder();
    const store = await openStore(folder);
    await store.change('digits', (pointers) => activated(pointers, ref(2), ref(1)));
    await writeFile(join(folder, 'pointers/cats.json'), '{"format":1,"active":');
    await writeFile(join(folder, 'pointers/digits.json.12ab34cd.part'), 'half of it');
    const again = await openStore(folder);
    expect(again.pointers('digits')).toMatchObject({ active: ref(2), previous: ref(1), confirmed: ref(1) });
    expect(again.pointers('cats')).toEqual(noPointers);
    expect(await readdir(join(folder, 'pointers'))).not.toContain('digits.json.12ab34cd.part');
  });

  it('makes room by the oldest that nobody names, and keeps what is on its way', async () => {
    const { folder, store } = await storeOf([10, 10, 10, 10, 10], 25);
    await writeFile(`${store.file(ref(8).digest)}.part`, 'begun');
    await writeFile(`${store.file(ref(9).digest)}.part`, 'given up');
    await store.change('digits', (pointers) => activated(pointers, ref(1), ref(0)));
    await store.keep(ref(8).digest, () => store.makeRoom(10));
    const left = await readdir(join(folder, 'bundles'));
    const names = (n: number) => store.file(ref(n).digest).split('/').at(-1);
    expect(left.sort()).toEqual([names(0), names(1), names(4), `${names(8)}.part`].sort());
  });
});

describe('a bundle on its way', () => {
  it('is brought once, whoever wants it meanwhile', async () => {
    const store = await openStore(await temporaryFolder());
    const { digest } = ref(1);
    let begun = 0;
    const fetch = async (file: string) => {
      begun++;
      await new Promise(setImmediate);
      await writeFile(file, 'whole');
    };
    await Promise.all([store.bring(digest, 5, fetch), store.bring(digest, 5, fetch)]);
    await store.bring(digest, 5, fetch);
    expect(begun).toBe(1);
  });

  it('is tried again by the next who wants it', async () => {
    const store = await openStore(await temporaryFolder());
    const { digest } = ref(1);
    const failed = store.bring(digest, 5, () => Promise.reject(new Error('cut off')));
    const brought = store.bring(digest, 5, (file) => writeFile(file, 'whole'));
    await expect(failed).rejects.toThrow('cut off');
    await brought;
    expect(await store.has(digest)).toBe(true);
  });
});

describe('what is remembered of a model', () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('activate' as const), n: fc.integer({ min: 1, max: 9 }) }),
    fc.record({ kind: fc.constant('confirm' as const) }),
    fc.record({ kind: fc.constant('back' as const) }),
  );

  it('always leads to a version that has run before, whatever happened', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
        let pointers: Pointers = noPointers;
        let running = ref(0);
        const proved = new Set([running.digest]);
        for (const each of steps) {
          if (each.kind === 'activate') {
            // An update begins only after the probation of the one before.
            if (isOnTrial(pointers)) continue;
            pointers = activated(pointers, ref(each.n), running);
            running = ref(each.n);
          } else if (each.kind === 'confirm' && pointers.active) {
            pointers = confirmed(pointers, running);
            proved.add(running.digest);
          } else if (each.kind === 'back' && pointers.previous) {
            const bad = running;
            running = pointers.previous as typeof running;
            pointers = sentBack(pointers, running, { ...refused(0), ...bad });
            expect(pointers.refused.at(-1)?.digest).toBe(bad.digest);
          }
          if (pointers.confirmed) expect(proved).toContain(pointers.confirmed.digest);
          if (pointers.previous) expect(proved).toContain(pointers.previous.digest);
          expect(parsePointers(JSON.stringify(pointers))).toEqual(pointers);
        }
      }),
    );
  });

  it.each([
    '',
    '[]',
    '{"format":2}',
    '{"format":1,"refused":[],"trialBoots":0,"active":{"version":"1.0.0"}}',
  ])('is nothing if it is %s', (text) => {
    expect(parsePointers(text)).toBeUndefined();
  });
});

describe('the order in which versions are started', () => {
  const shipped = { path: '/shipped', name: 'digits', version: '1.0.0' };
  const all = new Map([2, 3, 4].map((n) => [ref(n).digest, `/stored-${n}`]));
  const paths = (pointers: Pointers, from = shipped, stored = all) =>
    bootOrder(pointers, from, stored).map(({ path }) => path);
  const onTrial: Pointers = { ...noPointers, active: ref(4), confirmed: ref(3), previous: ref(2) };

  it('begins with what ran last, and ends with what is shipped', () => {
    expect(paths(noPointers)).toEqual(['/shipped']);
    expect(paths(onTrial)).toEqual(['/stored-4', '/stored-3', '/stored-2', '/shipped']);
    expect(paths(onTrial, shipped, new Map())).toEqual(['/shipped']);
  });

  it('leaves out a version that was on trial in a loop of crashes', () => {
    expect(paths({ ...onTrial, trialBoots: 2 })[0]).toBe('/stored-4');
    expect(paths({ ...onTrial, trialBoots: 3 })).toEqual(['/stored-3', '/stored-2', '/shipped']);
  });

  it('prefers what is shipped if that is newer, unless the version is pinned', () => {
    const newer = { ...shipped, version: '5.0.0' };
    expect(paths(onTrial, newer)[0]).toBe('/shipped');
    expect(paths({ ...onTrial, pinned: ref(4) }, newer)[0]).toBe('/stored-4');
  });

  it('forgets the versions of another model under the same entry', () => {
    expect(paths(onTrial, { ...shipped, name: 'cats' })).toEqual(['/shipped']);
  });
});
