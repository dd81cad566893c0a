import { readFile } from 'node:fs/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { addKey } from '../../../src/training/release/add-key.ts';
import { refreshRepository } from '../../../src/training/release/refresh-repository.ts';
import { revokeKey, revokeRelease } from '../../../src/training/release/revoke.ts';
import { sign } from '../../../src/training/release/sign.ts';
import { metaOf } from '../../../src/training/release/state.ts';
import { type Owner, releasedRepository } from '../../training/release/fixtures.ts';
import { fileOf, foreignKey, recorded, show, stateOf, stolenKeys } from './forge.ts';
import { bornWith, expectRefused, mirrorOf } from './hostile.ts';

afterEach(() => void vi.useRealTimers());

/** A repository with one release, a mirror of it and a gateway that has taken the release. */
async function scene(options?: Parameters<typeof releasedRepository>[0]) {
  const owner = await releasedRepository(options);
  const mirror = await mirrorOf(owner.folder);
  const gateway = await bornWith(owner.repository.anchor);
  await gateway.update(mirror.url);
  return { owner, mirror, gateway };
}

/** The signed body of `model-digits` with a target of the attacker's making. */
async function evilRole(owner: Owner) {
  const body = (await stateOf(owner)).roles.get('model-digits')?.body;
  if (body === undefined) throw new Error('no releases');
  const target = { length: 4, hashes: { sha256: '0'.repeat(64) }, custom: { channel: 'stable' } };
  return {
    ...body,
    version: body.version + 1,
    targets: { ...body.targets, 'digits/digits-6.6.6.bundle': target },
  };
}

describe('arbitrary software', () => {
  it.each(['root', 'timestamp', 'snapshot', 'targets', 'model-digits'] as const)(
    'is refused where a stranger signs %s',
    async (role) => {
      const { owner, mirror } = await scene();
      const stranger = [foreignKey()];
      const gateway = await bornWith(owner.repository.anchor);
      const { root, timestamp, roles } = await stateOf(owner);
      const own = {
        snapshot: await stolenKeys(owner, 'snapshot'),
        timestamp: await stolenKeys(owner, 'timestamp'),
      };
      if (role === 'root') {
        const body = { ...root.body, version: root.body.version + 1 };
        mirror.instead.set(`${body.version}.root.json`, sign(body, stranger).bytes);
      } else if (role === 'timestamp') {
        mirror.instead.set('timestamp.json', sign({ ...timestamp, version: 99 }, stranger).bytes);
      } else if (role === 'snapshot') {
        await show(mirror, owner, {}, (each) => (each === 'snapshot' ? stranger : own[each]));
      } else if (role === 'model-digits') {
        await show(mirror, owner, { [role]: sign(await evilRole(owner), stranger) }, (each) => own[each]);
      } else {
        const body = roles.get(role)?.body;
        if (body)
          await show(
            mirror,
            owner,
            { [role]: sign({ ...body, version: 99 }, stranger) },
            (each) => own[each],
          );
      }
      await expect(gateway.update(mirror.url)).rejects.toMatchObject({ code: 'UPDATE_SIGNATURE_INVALID' });
      mirror.instead.clear();
      // Nothing that was seen keeps the gateway from what is right.
      if (role === 'root' || role === 'timestamp') await gateway.update(mirror.url);
    },
  );

  it.each([
    ['a page of HTML', '<html>Log in to the guest network</html>'],
    ['nothing', ''],
    ['null', 'null'],
    ['another shape', '{"signed":{"_type":"timestamp"},"signatures":[]}'],
    ['brackets without end', '['.repeat(16_000)],
  ])('is refused in the form of %s', async (_name, text) => {
    const { mirror, gateway } = await scene();
    mirror.instead.set('timestamp.json', Buffer.from(text));
    await expectRefused(gateway, () => gateway.update(mirror.url), 'UPDATE_SIGNATURE_INVALID');
  });
});

describe('metadata that takes long to parse', () => {
  it.each(['2.root.json', 'timestamp.json', '.snapshot.json', '.targets.json'])(
    'in place of %s is refused before that',
    async (end) => {
      const { owner, mirror } = await scene();
      const { root } = await stateOf(owner);
      const keys = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`k${i}`, 0]));
      const signed = { ...root.body, version: 2, keys };
      mirror.instead.set(end, Buffer.from(JSON.stringify({ signatures: [], signed })));
      const gateway = await bornWith(owner.repository.anchor);
      await expect(gateway.update(mirror.url)).rejects.toMatchObject({ code: 'UPDATE_TOO_LARGE' });
    },
  );
});

describe('rollback', () => {
  it('to an earlier state of the repository is refused', async () => {
    const { owner, gateway } = await scene();
    const old = await mirrorOf(await recorded(owner));
    await owner.release('1.1.0');
    await gateway.update((await mirrorOf(owner.folder)).url);
    await expectRefused(gateway, () => gateway.update(old.url), 'UPDATE_ROLLBACK');
  });

  it('to a release that was revoked is refused', async () => {
    const { owner, gateway } = await scene();
    const bad = await mirrorOf(await recorded(owner));
    await owner.release('1.1.0');
    await revokeRelease(owner.repository, { model: 'digits', version: '1.0.0' });
    await gateway.update((await mirrorOf(owner.folder)).url);
    await expectRefused(gateway, () => gateway.update(bad.url, { version: '1.0.0' }), 'UPDATE_ROLLBACK');
  });

  it('of the snapshot by a thief of the timestamp key is refused', async () => {
    const { owner, mirror, gateway } = await scene();
    const { timestamp } = await stateOf(owner);
    const meta = { 'snapshot.json': { ...timestamp.meta['snapshot.json'], version: 1 } };
    const body = { ...timestamp, version: timestamp.version + 1, meta };
    mirror.instead.set('timestamp.json', sign(body, await stolenKeys(owner, 'timestamp')).bytes);
    await expectRefused(gateway, () => gateway.update(mirror.url), 'UPDATE_ROLLBACK');
  });

  it('of a model by a thief of both online keys is refused', async () => {
    const { owner, mirror, gateway } = await scene();
    const old = (await stateOf(owner)).roles.get('model-digits');
    await owner.release('1.1.0');
    await gateway.update(mirror.url);
    const keys = {
      snapshot: await stolenKeys(owner, 'snapshot'),
      timestamp: await stolenKeys(owner, 'timestamp'),
    };
    if (old) await show(mirror, owner, { 'model-digits': old }, (role) => keys[role]);
    await expect(gateway.update(mirror.url)).rejects.toMatchObject({ code: 'UPDATE_ROLLBACK' });
  });

  it('of the root is refused', async () => {
    const { owner, mirror, gateway } = await scene();
    await addKey(owner.repository, { holder: { role: 'root' } });
    await gateway.update(mirror.url);
    const second = await fileOf(owner.folder, 'metadata/2.root.json');
    mirror.instead.set('3.root.json', second);
    await expectRefused(gateway, () => gateway.update(mirror.url), 'UPDATE_ROLLBACK');
  });
});

describe('fast-forward', () => {
  it.each(['timestamp', 'snapshot'] as const)('of %s ends when its key is replaced', async (role) => {
    const { owner, mirror, gateway } = await scene();
    const keys = {
      snapshot: await stolenKeys(owner, 'snapshot'),
      timestamp: await stolenKeys(owner, 'timestamp'),
    };
    await show(mirror, owner, {}, (each) => keys[each], 2 ** 31);
    await gateway.update(mirror.url);
    mirror.instead.clear();
    await expectRefused(gateway, () => gateway.update(mirror.url), 'UPDATE_ROLLBACK');

    // A thief of one key may well have both: the owner replaces both, `role` last.
    for (const each of ['timestamp', 'snapshot'].sort((a) => (a === role ? 1 : -1))) {
      const [old] = await stolenKeys(owner, each);
      await addKey(owner.repository, { holder: { role: each as 'timestamp' } });
      await revokeKey(owner.repository, old?.id ?? '');
    }
    await owner.release('1.1.0');
    expect(await gateway.update(mirror.url)).toMatchObject({ version: '1.1.0' });
  });
});

describe('indefinite freeze', () => {
  it('shows when the timestamp has expired, and ends with the next', async () => {
    const { owner, mirror, gateway } = await scene();
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 8 * 86_400_000 });
    await expectRefused(gateway, () => gateway.update(mirror.url), 'UPDATE_EXPIRED');
    await refreshRepository(owner.repository);
    await gateway.update(mirror.url);
  });

  it('shows when an old timestamp is signed by a thief and the snapshot has expired', async () => {
    const { owner, mirror, gateway } = await scene();
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 8 * 86_400_000 });
    const { timestamp } = await stateOf(owner);
    const body = { ...timestamp, version: timestamp.version + 1, expires: '2999-01-01T00:00:00Z' };
    mirror.instead.set('timestamp.json', sign(body, await stolenKeys(owner, 'timestamp')).bytes);
    await expect(gateway.update(mirror.url)).rejects.toMatchObject({ code: 'UPDATE_EXPIRED' });
  });

  it.each(['root', 'targets', 'model-digits'])('shows when %s has expired', async (role) => {
    const { owner, mirror, gateway } = await scene();
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 366 * 86_400_000 });
    await refreshRepository(
      owner.repository,
      ['root', 'targets', 'model-digits'].filter((each) => each !== role),
    );
    await expect(gateway.update(mirror.url)).rejects.toMatchObject({ code: 'UPDATE_EXPIRED' });
    await refreshRepository(owner.repository, [role]);
    await gateway.update(mirror.url);
  });
});

describe('mix and match', () => {
  it.each([
    ['snapshot', '.snapshot.json'],
    ['targets', '.targets.json'],
    ['model-digits', '.model-digits.json'],
  ])('of a %s of another time is refused', async (role, end) => {
    const { owner, mirror, gateway } = await scene();
    const { snapshot } = await stateOf(owner);
    const version = role === 'snapshot' ? snapshot.version : (snapshot.meta[`${role}.json`]?.version ?? 0);
    const old = await fileOf(owner.folder, `metadata/${version}${end}`);
    await addKey(owner.repository, { holder: { model: 'faces' } });
    await owner.release('1.1.0');
    mirror.instead.set(end, old);
    await expect(gateway.update(mirror.url)).rejects.toMatchObject({ code: 'UPDATE_INCONSISTENT' });
    mirror.instead.clear();
    expect(await gateway.update(mirror.url)).toMatchObject({ version: '1.1.0' });
  });

  it('of a snapshot that has lost a role is refused', async () => {
    const { owner, mirror, gateway } = await scene();
    const { snapshot, timestamp } = await stateOf(owner);
    const keys = {
      snapshot: await stolenKeys(owner, 'snapshot'),
      timestamp: await stolenKeys(owner, 'timestamp'),
    };
    const { 'model-digits.json': _lost, ...meta } = snapshot.meta;
    const shown = sign({ ...snapshot, version: snapshot.version + 1, meta }, keys.snapshot);
    const stamp = { ...timestamp, version: timestamp.version + 1, meta: { 'snapshot.json': metaOf(shown) } };
    mirror.instead.set(`${shown.body.version}.snapshot.json`, shown.bytes);
    mirror.instead.set('timestamp.json', sign(stamp, keys.timestamp).bytes);
    await expect(gateway.update(mirror.url)).rejects.toMatchObject({ code: 'UPDATE_INCONSISTENT' });
  });
});

describe('compromise of keys below the threshold', () => {
  const two = { root: { keys: 3, threshold: 2 }, targets: { keys: 2, threshold: 2 } };

  it.each([
    ['one of two', 1],
    ['one of two, twice', 2],
  ])('of root (%s) signs no root', async (_name, times) => {
    const { owner, mirror, gateway } = await scene(two);
    const [key] = await stolenKeys(owner, 'root');
    const { root } = await stateOf(owner);
    const evil = foreignKey();
    const signers = { keyids: [evil.id], threshold: 1 };
    const body = {
      ...root.body,
      version: 2,
      keys: { ...root.body.keys, [evil.id]: evil.body },
      roles: { root: signers, targets: signers, snapshot: signers, timestamp: signers },
    };
    const signed = JSON.parse(sign(body, key ? [key, evil] : []).bytes.toString());
    const again = Array.from({ length: times - 1 }, () => signed.signatures[0]);
    mirror.instead.set(
      '2.root.json',
      Buffer.from(JSON.stringify({ ...signed, signatures: [...signed.signatures, ...again] })),
    );
    await expectRefused(gateway, () => gateway.update(mirror.url), 'UPDATE_SIGNATURE_INVALID');
  });

  it('of targets hands no model to another', async () => {
    const { owner, mirror, gateway } = await scene(two);
    const [key] = await stolenKeys(owner, 'targets');
    const targets = (await stateOf(owner)).roles.get('targets')?.body;
    const keys = {
      snapshot: await stolenKeys(owner, 'snapshot'),
      timestamp: await stolenKeys(owner, 'timestamp'),
    };
    if (!targets || !key) throw new Error('no targets');
    const signed = sign({ ...targets, version: targets.version + 1 }, [key]);
    await show(mirror, owner, { targets: signed }, (role) => keys[role]);
    await expect(gateway.update(mirror.url)).rejects.toMatchObject({ code: 'UPDATE_SIGNATURE_INVALID' });
  });

  it('of both online keys brings no release', async () => {
    const { owner, mirror, gateway } = await scene();
    const keys = {
      snapshot: await stolenKeys(owner, 'snapshot'),
      timestamp: await stolenKeys(owner, 'timestamp'),
    };
    const signed = sign(await evilRole(owner), keys.snapshot);
    await show(mirror, owner, { 'model-digits': signed }, (role) => keys[role]);
    await expect(gateway.update(mirror.url, { version: '6.6.6' })).rejects.toMatchObject({
      code: 'UPDATE_SIGNATURE_INVALID',
    });
  });

  it("of a model's key alone brings no release", async () => {
    const { owner, mirror, gateway } = await scene();
    const signed = sign(await evilRole(owner), await stolenKeys(owner, 'model-digits'));
    mirror.instead.set('.model-digits.json', signed.bytes);
    mirror.instead.set('timestamp.json', await readFile(`${owner.folder}/metadata/timestamp.json`));
    await expectRefused(gateway, () => gateway.update(mirror.url, { version: '6.6.6' }), 'UPDATE_NOT_FOUND');
    const fresh = await bornWith(owner.repository.anchor);
    await expect(fresh.update(mirror.url)).rejects.toMatchObject({ code: 'UPDATE_INCONSISTENT' });
  });
});
