import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readBundle, writeBundle } from '../../src/models/bundle.ts';
import { draft, files, listed, saved, temporaryFolder } from './bundle-fixtures.ts';

const name = fc.stringMatching(/^[a-z_-][a-zA-Z0-9._-]{0,20}$/);
const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));
const contents = fc.dictionary(
  path.filter((each) => each !== 'bundle.json'),
  fc.uint8Array({ maxLength: 2000 }),
  { maxKeys: 8 },
);

describe('a bundle', () => {
  it('is read as it was written, whatever its files are', async () => {
    const folder = await temporaryFolder();
    await fc.assert(
      fc.asyncProperty(contents, async (extra) => {
        const all = { ...extra, ...files };
        const target = join(folder, 'a.bundle');
        const written = await writeBundle(draft, all, target);
        const bundle = await readBundle(target);
        expect(bundle.manifest).toEqual({ ...draft, files: listed(all) });
        for (const [file, data] of Object.entries(all)) expect(bundle.file(file)).toEqual(Buffer.from(data));
        expect({ digest: bundle.digest, bytes: bundle.bytes }).toEqual(written);
      }),
      { numRuns: 50 },
    );
  });

  it('has the digest of its file', async () => {
    const target = join(await temporaryFolder(), 'a.bundle');
    const { digest, bytes } = await writeBundle(draft, files, target);
    const data = await readFile(target);
    expect(bytes).toBe(data.length);
    expect(digest).toBe(`sha256:${createHash('sha256').update(data).digest('hex')}`);
  });

  it('is the same bytes whatever the order of keys and files', async () => {
    const folder = await temporaryFolder();
    const backwards = <T extends object>(value: T): T =>
      Object.fromEntries(Object.entries(value).reverse()) as T;
    await writeBundle(draft, files, join(folder, 'a.bundle'));
    await writeBundle(backwards(draft), backwards(files), join(folder, 'b.bundle'));
    expect(await readFile(join(folder, 'b.bundle'))).toEqual(await readFile(join(folder, 'a.bundle')));
  });

  it('leaves nothing but itself behind when it is written, and nothing at all when it is refused', async () => {
    const folder = await temporaryFolder();
    await writeBundle(draft, files, join(folder, 'a.bundle'));
    const refused = writeBundle({ ...draft, graph: 'other.onnx' }, files, join(folder, 'b.bundle'));
    await expect(refused).rejects.toMatchObject({ code: 'BUNDLE_INVALID' });
    expect(await readdir(folder)).toEqual(['a.bundle']);
  });

  it('gives only files that it lists', async () => {
    const target = join(await temporaryFolder(), 'a.bundle');
    await writeBundle(draft, files, target);
    const bundle = await readBundle(target);
    for (const missing of ['bundle.json', 'none', '__proto__', 'constructor']) {
      expect(() => bundle.file(missing)).toThrow(expect.objectContaining({ code: 'BUNDLE_INVALID' }));
    }
  });

  it('with one byte changed is refused, or has another digest and the same files', async () => {
    const folder = await temporaryFolder();
    const target = join(folder, 'a.bundle');
    await writeBundle(draft, files, target);
    const whole = await readBundle(target);
    const data = await readFile(target);
    const position = fc.nat({ max: data.length - 1 });
    await fc.assert(
      fc.asyncProperty(position, fc.integer({ min: 1, max: 255 }), async (at, mask) => {
        const damaged = Buffer.from(data);
        damaged[at] = (damaged[at] ?? 0) ^ mask;
        await writeFile(join(folder, 'b.bundle'), damaged);
        const bundle = await readBundle(join(folder, 'b.bundle')).catch((error: unknown) => {
          expect(error).toMatchObject({ code: expect.stringMatching(/^BUNDLE_(INVALID|UNSUPPORTED)$/) });
        });
        if (!bundle) return;
        expect(bundle.digest).not.toBe(whole.digest);
        expect(bundle.manifest.files).toEqual(whole.manifest.files);
        for (const file of Object.keys(files)) expect(bundle.file(file)).toEqual(whole.file(file));
      }),
      { numRuns: 400 },
    );
  });

  it('cut short anywhere is refused', async () => {
    const folder = await temporaryFolder();
    await writeBundle(draft, files, join(folder, 'a.bundle'));
    const data = await readFile(join(folder, 'a.bundle'));
    const blocks = Array.from({ length: data.length / 512 }, (_, i) => i * 512);
    for (const length of [...blocks, 1, 511, 513, data.length - 1]) {
      await writeFile(join(folder, 'b.bundle'), data.subarray(0, length));
      await expect(readBundle(join(folder, 'b.bundle')), `${length} bytes`).rejects.toMatchObject({
        code: 'BUNDLE_INVALID',
      });
    }
  });

  it('made of noise is refused', async () => {
    const folder = await temporaryFolder();
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 3000 }), async (noise) => {
        await writeFile(join(folder, 'a.bundle'), Buffer.concat([noise, Buffer.alloc(1024)]));
        await expect(readBundle(join(folder, 'a.bundle'))).rejects.toMatchObject({ code: 'BUNDLE_INVALID' });
      }),
      { numRuns: 100 },
    );
  });

  it('that is no file is refused with its path', async () => {
    const folder = await temporaryFolder();
    for (const target of [folder, join(folder, 'none.bundle'), await saved(Buffer.alloc(0))]) {
      await expect(readBundle(target)).rejects.toMatchObject({
        code: 'BUNDLE_INVALID',
        message: expect.stringContaining(target),
      });
    }
  });
});
