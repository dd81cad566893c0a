import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { targetFilePath, targetPathOf } from '../../../src/models/update/layout.ts';
import { addKey } from '../../../src/training/release/add-key.ts';
import { sign } from '../../../src/training/release/sign.ts';
import { bundleFile, type Owner, releasedRepository } from '../../training/release/fixtures.ts';
import { fileOf, show, stateOf, stolenKeys } from './forge.ts';
import { bornWith, expectRefused, type Handler, mirrorOf } from './hostile.ts';

/** A repository with a release, a mirror of it and a new gateway. */
async function scene() {
  const owner = await releasedRepository();
  const bundle = await bundleOf(owner, 'digits', '1.0.0');
  const mirror = await mirrorOf(owner.folder);
  const gateway = await bornWith(owner.repository.anchor);
  return { owner, bundle, mirror, gateway };
}

async function bundleOf(owner: Owner, model: string, version: string): Promise<Buffer> {
  const path = targetPathOf(model, version);
  const sha256 = (await stateOf(owner)).roles.get(`model-${model}`)?.body.targets[path]?.hashes.sha256;
  return fileOf(owner.folder, targetFilePath(path, `sha256:${sha256}`));
}

/** Sends for ever, as fast as it is read, and counts. */
function endless(sent: { bytes: number }): Handler {
  return (_request, response) => {
    const chunk = Buffer.alloc(16 * 1024, ' ');
    const send = () => {
      while (!response.destroyed && response.write(chunk)) sent.bytes += chunk.length;
      sent.bytes += chunk.length;
    };
    response.on('drain', send);
    send();
  };
}

/** A byte now and then, of a file that is right. */
const trickle =
  (data: Buffer): Handler =>
  (_request, response) => {
    let at = 0;
    const timer = setInterval(() => response.write(data.subarray(at, ++at)), 20);
    response.on('close', () => clearInterval(timer));
  };

const silence: Handler = () => {};

const hasty = { pace: { minBytesPerSecond: 1000, windowMs: 300 } };

describe('endless data', () => {
  it.each([
    '2.root.json',
    'timestamp.json',
    '.snapshot.json',
    '.targets.json',
    '.model-digits.json',
    '.bundle',
  ])('in place of %s is cut off', async (end) => {
    const { mirror, gateway } = await scene();
    const sent = { bytes: 0 };
    mirror.instead.set(end, endless(sent));
    await expect(gateway.update(mirror.url)).rejects.toMatchObject({ code: 'UPDATE_TOO_LARGE' });
    // What buffers between the two hold comes on top of what was read.
    expect(sent.bytes).toBeLessThan(8 * 2 ** 20);
    expect(Object.keys(await gateway.contents()).filter((name) => name.includes('.bundle'))).toEqual([]);
    mirror.instead.clear();
    await gateway.update(mirror.url);
  });

  it('that is signed for is refused unread where it is more than the gateway takes', async () => {
    const { mirror, gateway, bundle } = await scene();
    const update = () => gateway.update(mirror.url, { maxBytes: bundle.length - 1 });
    await expect(update()).rejects.toMatchObject({ code: 'UPDATE_TOO_LARGE' });
    expect(mirror.requests.filter((path) => path.endsWith('.bundle'))).toEqual([]);
  });
});

describe('slow retrieval', () => {
  it.each(['2.root.json', 'timestamp.json', '.bundle'])('of %s is given up', async (end) => {
    const { mirror, gateway, bundle } = await scene();
    for (const slow of [trickle(bundle), silence]) {
      mirror.instead.set(end, slow);
      await expect(gateway.update(mirror.url, hasty)).rejects.toMatchObject({ code: 'UPDATE_TOO_SLOW' });
    }
  });

  it('is not what a ceiling of our own makes of it', async () => {
    const { owner, mirror, gateway } = await scene();
    const bundle = await readFile(await owner.release('1.1.0', { size: 100_000 }));
    const pace = { maxBytesPerSecond: 100_000, minBytesPerSecond: 90_000, windowMs: 100 };
    const began = performance.now();
    const { bundle: received } = await gateway.update(mirror.url, { pace });
    expect(bundle.equals(received)).toBe(true);
    expect(performance.now() - began).toBeGreaterThan(900);
  });
});

describe('wrong software', () => {
  it('in place of the bundle, of the same size, is refused', async () => {
    const { mirror, gateway, bundle } = await scene();
    const other = Buffer.from(bundle);
    other[600] = (other[600] ?? 0) ^ 1;
    await gateway.at(mirror.url).refresh(AbortSignal.timeout(10_000));
    const { requests } = mirror;
    mirror.instead.set('.bundle', other);
    await expect(gateway.update(mirror.url)).rejects.toMatchObject({ code: 'UPDATE_DIGEST_MISMATCH' });
    expect(requests.filter((path) => path.endsWith('.bundle'))).toHaveLength(1);
    expect(Object.keys(await gateway.contents()).filter((name) => name.includes('bundle'))).toEqual([]);
  });

  it("that was signed as another model's, or another version, is refused", async () => {
    const { owner, mirror, gateway } = await scene();
    await addKey(owner.repository, { holder: { model: 'faces' } });
    await owner.release('1.0.0', { model: 'faces' });
    await owner.release('0.9.0');
    for (const [model, version] of [
      ['faces', '1.0.0'],
      ['digits', '0.9.0'],
    ] as const) {
      const other = await bundleOf(owner, model, version);
      mirror.instead.set('digits-1.0.0.bundle', other);
      await expect(gateway.update(mirror.url)).rejects.toMatchObject({
        code: expect.stringMatching(/^UPDATE_(DIGEST_MISMATCH|FETCH_FAILED|TOO_LARGE)$/),
      });
    }
  });

  it.each([
    ['another model', { name: 'faces', version: '1.2.0' }],
    ['another version', { name: 'digits', version: '0.1.0' }],
  ])("that is %s is refused though the model's own key has signed it", async (_name, is) => {
    const { owner, mirror, gateway } = await scene();
    const evil = await readFile(await bundleFile(is));
    const role = (await stateOf(owner)).roles.get('model-digits')?.body;
    if (!role) throw new Error('no releases');
    const sha256 = createHash('sha256').update(evil).digest('hex');
    const target = { length: evil.length, hashes: { sha256 }, custom: { channel: 'stable' } };
    const body = { ...role, version: 2, targets: { ...role.targets, 'digits/digits-1.2.0.bundle': target } };
    const keys = {
      snapshot: await stolenKeys(owner, 'snapshot'),
      timestamp: await stolenKeys(owner, 'timestamp'),
    };
    const signed = sign(body, await stolenKeys(owner, 'model-digits'));
    await show(mirror, owner, { 'model-digits': signed }, (each) => keys[each]);
    mirror.instead.set('digits-1.2.0.bundle', evil);
    await expect(gateway.update(mirror.url)).rejects.toMatchObject({ code: 'UPDATE_WRONG_MODEL' });
    expect(Object.keys(await gateway.contents()).filter((name) => name.includes('bundle'))).toEqual([]);
  });

  it('that one model signs in the name of another is not seen', async () => {
    const { owner, mirror, gateway } = await scene();
    await addKey(owner.repository, { holder: { model: 'faces' } });
    const role = (await stateOf(owner)).roles.get('model-digits')?.body;
    if (!role) throw new Error('no releases');
    const targets = Object.fromEntries(
      Object.entries(role.targets).flatMap(([path, target]) => [
        [path, target],
        ['faces/faces-1.0.0.bundle', target],
        ['digits/faces-1.0.0.bundle', target],
        ['digits/../faces/faces-1.0.0.bundle', target],
        ['digits/digits-../../../etc/passwd.bundle', target],
        ['digits/digits-1.0.0/../x.bundle', target],
      ]),
    );
    const keys = {
      snapshot: await stolenKeys(owner, 'snapshot'),
      timestamp: await stolenKeys(owner, 'timestamp'),
    };
    const signed = sign({ ...role, version: 2, targets }, await stolenKeys(owner, 'model-digits'));
    await show(mirror, owner, { 'model-digits': signed }, (each) => keys[each]);
    const signal = AbortSignal.timeout(10_000);
    const catalogue = await gateway.at(mirror.url).refresh(signal);
    expect((await catalogue.releases('digits', signal)).map(({ version }) => version)).toEqual(['1.0.0']);
    await expect(catalogue.find({ model: 'faces' }, signal)).rejects.toMatchObject({
      code: 'UPDATE_NOT_FOUND',
    });
  });
});

describe('extraneous dependencies', () => {
  it('are not known: what is asked for is what is fetched', async () => {
    const { owner, mirror, gateway } = await scene();
    const role = (await stateOf(owner)).roles.get('model-digits')?.body;
    if (!role) throw new Error('no releases');
    const targets = Object.fromEntries(
      Object.entries(role.targets).map(([path, target]) => [
        path,
        {
          ...target,
          custom: { ...target.custom, dependencies: ['digits/malware-1.0.0.bundle'], install: 'all' },
        },
      ]),
    );
    const [key] = await stolenKeys(owner, 'model-digits');
    const body = {
      ...role,
      version: 2,
      targets,
      delegations: {
        keys: key ? { [key.id]: key.body } : {},
        roles: [{ name: 'more', keyids: [key?.id ?? ''], threshold: 1, terminating: false, paths: ['*/*'] }],
      },
    };
    const keys = {
      snapshot: await stolenKeys(owner, 'snapshot'),
      timestamp: await stolenKeys(owner, 'timestamp'),
    };
    await show(mirror, owner, { 'model-digits': sign(body, key ? [key] : []) }, (each) => keys[each]);
    await gateway.update(mirror.url);
    expect(mirror.requests.map((path) => path.replace(/[0-9a-f]{64}/, 'DIGEST'))).toEqual([
      'metadata/2.root.json',
      'metadata/timestamp.json',
      'metadata/4.snapshot.json',
      'metadata/2.targets.json',
      'metadata/2.model-digits.json',
      'targets/digits/DIGEST.digits-1.0.0.bundle',
    ]);
  });
});

describe('a malicious mirror', () => {
  it.each([500, 404, 204])('that answers %i keeps nobody from another mirror', async (status) => {
    const { owner, mirror, gateway, bundle } = await scene();
    for (const end of ['timestamp.json', '.snapshot.json', '.bundle']) {
      mirror.instead.clear();
      mirror.instead.set(end, status);
      await expect(gateway.update(mirror.url), end).rejects.toMatchObject({ code: 'UPDATE_FETCH_FAILED' });
    }
    const { url } = await mirrorOf(owner.folder);
    expect((await gateway.update(url)).bundle).toEqual(bundle);
  });

  it('cannot send the gateway elsewhere', async () => {
    const { owner, mirror, gateway } = await scene();
    const victim = await mirrorOf(owner.folder);
    for (const status of [301, 302, 307, 308]) {
      mirror.instead.set('timestamp.json', (_request, response) =>
        response.writeHead(status, { location: `${victim.url}metadata/timestamp.json` }).end(),
      );
      await expectRefused(gateway, () => gateway.update(mirror.url), 'UPDATE_FETCH_FAILED');
    }
    expect(victim.requests).toEqual([]);
  });

  it('that hangs up says so', async () => {
    const { mirror, gateway } = await scene();
    mirror.instead.set('timestamp.json', (request) => request.socket.destroy());
    await expectRefused(gateway, () => gateway.update(mirror.url), 'UPDATE_FETCH_FAILED');
  });

  it('that is not there says so', async () => {
    const { gateway } = await scene();
    await expectRefused(gateway, () => gateway.update('http://127.0.0.1:1/'), 'UPDATE_FETCH_FAILED');
  });
});
