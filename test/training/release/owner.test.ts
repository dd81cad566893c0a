import { generateKeyPairSync } from 'node:crypto';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { addKey } from '../../../src/training/release/add-key.ts';
import { addRelease } from '../../../src/training/release/add-release.ts';
import { initRepository } from '../../../src/training/release/init.ts';
import { decodePublicKey } from '../../../src/training/release/key.ts';
import { keyStore } from '../../../src/training/release/key-store.ts';
import { refreshRepository } from '../../../src/training/release/refresh-repository.ts';
import { revokeKey, revokeRelease } from '../../../src/training/release/revoke.ts';
import { sign } from '../../../src/training/release/sign.ts';
import { version as edgeward } from '../../../src/version.ts';
import { saved } from '../../models/bundle-fixtures.ts';
import { foreignKey, stateOf, stolenKeys } from '../../models/update/forge.ts';
import { bornWith } from '../../models/update/hostile.ts';
import { bundleFile, newRepository, type Owner, releasedRepository } from './fixtures.ts';

// The time of a test is the bound: one of the module would go on running while others have their turn.
const { signal } = new AbortController();

const keysIn = (folder: string, passphrase = 'open sesame') =>
  keyStore({ folders: [folder], passphrase: async () => passphrase });

async function catalogueOf(owner: Owner) {
  const gateway = await bornWith(owner.repository.anchor);
  return gateway.at(pathToFileURL(owner.folder).href).refresh(signal);
}

/** Expects that `attempt` fails under `code` and that the repository is as it was. */
async function expectUnchanged(owner: Owner, attempt: () => Promise<unknown>, code: string): Promise<void> {
  const metadata = join(owner.folder, 'metadata');
  const before = [await readdir(metadata), await readFile(join(metadata, 'timestamp.json'), 'utf8')];
  await expect(attempt()).rejects.toMatchObject({ name: 'GatewayError', code });
  expect([await readdir(metadata), await readFile(join(metadata, 'timestamp.json'), 'utf8')]).toEqual(before);
  expect(await readdir(owner.folder)).toEqual(
    ['metadata', 'targets'].slice(0, (await readdir(owner.folder)).length),
  );
}

describe('a release', () => {
  it('says what gateways want to know', async () => {
    const owner = await releasedRepository();
    await owner.release('1.1.0', { notes: 'More sevens', minEdgeward: edgeward });
    const [newest] = await (await catalogueOf(owner)).releases('digits', signal);
    expect(newest).toEqual({
      model: 'digits',
      version: '1.1.0',
      channel: 'stable',
      notes: 'More sevens',
      minEdgeward: edgeward,
      digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
      bytes: expect.any(Number),
    });
  });

  it('keeps its accuracy, to the last digit', async () => {
    const owner = await newRepository();
    const builtin = new URL('../../../models/digits/digits.bundle', import.meta.url).pathname;
    await addRelease(owner.repository, { bundle: builtin, channel: 'stable' });
    const release = await (await catalogueOf(owner)).find({ model: 'digits' }, signal);
    expect(release.accuracy).toMatchObject({ metric: 'top-1', float: expect.any(Number) });
  });

  it('moves from beta to stable as the same bundle', async () => {
    const owner = await releasedRepository();
    const bundle = await owner.release('2.0.0', { channel: 'beta' });
    expect(await (await catalogueOf(owner)).find({ model: 'digits' }, signal)).toMatchObject({
      version: '1.0.0',
    });
    await addRelease(owner.repository, { bundle, channel: 'stable' });
    expect(await (await catalogueOf(owner)).find({ model: 'digits' }, signal)).toMatchObject({
      version: '2.0.0',
    });
  });

  it('is the newest by the order of versions, not of time or text', async () => {
    const owner = await releasedRepository();
    for (const version of ['1.10.0', '1.9.0', '1.10.0-rc.1']) await owner.release(version);
    expect(await (await catalogueOf(owner)).find({ model: 'digits' }, signal)).toMatchObject({
      version: '1.10.0',
    });
  });

  it('that needs a newer edgeward is passed over, and refused by name', async () => {
    const owner = await releasedRepository();
    await owner.release('9.0.0', { minEdgeward: '999.0.0' });
    const catalogue = await catalogueOf(owner);
    expect(await catalogue.find({ model: 'digits' }, signal)).toMatchObject({ version: '1.0.0' });
    await expect(catalogue.find({ model: 'digits', version: '9.0.0' }, signal)).rejects.toMatchObject({
      code: 'BUNDLE_UNSUPPORTED',
    });
  });

  it('is refused for what is no bundle, another of the same version, or a model without a key', async () => {
    const owner = await releasedRepository();
    const release = (bundle: string) => addRelease(owner.repository, { bundle, channel: 'stable' });
    const noise = await saved(Buffer.from('no bundle'));
    const other = await bundleFile({ version: '1.0.0', size: 2000 });
    const stranger = await bundleFile({ name: 'faces' });
    await expectUnchanged(owner, () => release(noise), 'BUNDLE_INVALID');
    await expectUnchanged(owner, () => release(other), 'REQUEST_INVALID');
    await expectUnchanged(owner, () => release(stranger), 'REQUEST_INVALID');
  });

  it('that is revoked is gone, and its bundle with it', async () => {
    const owner = await releasedRepository();
    await owner.release('1.1.0');
    await revokeRelease(owner.repository, { model: 'digits', version: '1.1.0' });
    expect(await (await catalogueOf(owner)).releases('digits', signal)).toMatchObject([{ version: '1.0.0' }]);
    expect(await readdir(join(owner.folder, 'targets', 'digits'))).toHaveLength(1);
    const again = () => revokeRelease(owner.repository, { model: 'digits', version: '1.1.0' });
    await expectUnchanged(owner, again, 'REQUEST_INVALID');
  });
});

describe('thresholds', () => {
  const two = { root: { keys: 3, threshold: 2 }, targets: { keys: 2, threshold: 2 } };

  it('below which nothing is signed', async () => {
    const owner = await newRepository(two);
    const pems = (await readdir(owner.keysFolder)).filter((name) => name.startsWith('targets-'));
    await rm(join(owner.keysFolder, pems[0] ?? ''));
    const repository = { ...owner.repository, keys: keysIn(owner.keysFolder) };
    await expectUnchanged(owner, () => addKey(repository, { holder: { model: 'faces' } }), 'KEY_UNAVAILABLE');
    // Two of three keys of root are enough to give targets another key and take the lost one away.
    const roots = (await readdir(owner.keysFolder)).filter((name) => name.startsWith('root-'));
    await rm(join(owner.keysFolder, roots[0] ?? ''));
    await addKey(repository, { holder: { role: 'targets' } });
    await revokeKey(repository, pems[0]?.slice('targets-'.length, -'.pem'.length) ?? '');
    await addKey(repository, { holder: { model: 'faces' } });
    await owner.release('1.0.0');
    expect(await (await catalogueOf(owner)).find({ model: 'digits' }, signal)).toMatchObject({
      version: '1.0.0',
    });
  });

  it('cannot be set to what cannot be met, nor a role be left below them', async () => {
    const owner = await newRepository(two);
    const [key] = await stolenKeys(owner, 'targets');
    await expectUnchanged(owner, () => revokeKey(owner.repository, key?.id ?? ''), 'REQUEST_INVALID');
    const greedy = () => addKey(owner.repository, { holder: { role: 'targets' }, threshold: 4 });
    await expectUnchanged(owner, greedy, 'REQUEST_INVALID');
    const none = { keys: 1, threshold: 2 };
    const init = () =>
      initRepository({
        folder: join(owner.folder, 'x'),
        keys: keysIn(owner.keysFolder),
        keysFolder: join(owner.keysFolder, 'x'),
        onlineDays: 7,
        root: none,
        targets: none,
      });
    await expect(init()).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
  });

  it('of a model can be raised, and met by a key that someone else keeps', async () => {
    const owner = await releasedRepository();
    const pair = generateKeyPairSync('ed25519');
    const key = decodePublicKey(
      pair.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
      'their.pem',
    );
    // Their half signs what is there already: without it the model would have no valid release.
    const raise = () => addKey(owner.repository, { holder: { model: 'digits' }, threshold: 2, key });
    await expectUnchanged(owner, raise, 'KEY_UNAVAILABLE');
    const pem = pair.privateKey.export({ type: 'pkcs8', format: 'pem' });
    await writeFile(join(owner.keysFolder, `model-digits-${key.id.slice(0, 8)}.pem`), pem);
    await raise();
    await owner.release('1.1.0');
    expect(await (await catalogueOf(owner)).find({ model: 'digits' }, signal)).toMatchObject({
      version: '1.1.0',
    });
  });
});

describe('what lies on the server', () => {
  it('is not signed again where somebody has changed it', async () => {
    const owner = await releasedRepository();
    const { roles } = await stateOf(owner);
    const role = roles.get('model-digits')?.body;
    if (!role) throw new Error('no releases');
    const evil = sign({ ...role, expires: '2999-01-01T00:00:00Z' }, [foreignKey()]);
    const file = join(owner.folder, 'metadata', '1.model-digits.json');
    const honest = await readFile(file);
    await writeFile(file, evil.bytes);
    await expectUnchanged(owner, () => refreshRepository(owner.repository), 'REPOSITORY_INVALID');
    await writeFile(file, honest);
    const root = await readFile(join(owner.folder, 'metadata', '1.root.json'));
    await writeFile(join(owner.folder, 'metadata', '2.root.json'), root);
    await expectUnchanged(owner, () => refreshRepository(owner.repository), 'REPOSITORY_INVALID');
  });

  it('is changed by one at a time, and a lock that a dead process left is no hindrance', async () => {
    const owner = await releasedRepository();
    const lock = join(owner.folder, '.lock');
    await writeFile(lock, String(process.pid));
    await expect(refreshRepository(owner.repository)).rejects.toMatchObject({ code: 'REPOSITORY_INVALID' });
    // Beyond what Linux numbers processes with.
    await writeFile(lock, String(2 ** 22 + 1));
    await refreshRepository(owner.repository);
    expect(await readdir(owner.folder)).toEqual(['metadata', 'targets']);
  });

  it('is not overwritten by another repository', async () => {
    const { folder, keysFolder } = await releasedRepository();
    const one = { keys: 1, threshold: 1 };
    const init = () =>
      initRepository({
        folder,
        keys: keysIn(keysFolder),
        keysFolder,
        onlineDays: 7,
        root: one,
        targets: one,
      });
    await expect(init()).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
  });
});
