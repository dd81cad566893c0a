import { readdir, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isLabel, type SampleWithPayload, sampleId } from '../../../src/daemon/samples/sample.ts';
import { readSample, sampleFiles } from '../../../src/daemon/samples/sample-files.ts';
import { SampleStore, type SampleStoreOptions } from '../../../src/daemon/samples/sample-store.ts';
import { temporaryFolder } from '../../support/gateway.ts';

function sampleOf(frame: string, bytes = 100): SampleWithPayload {
  return {
    sample: {
      id: sampleId('p', 'cam', frame),
      at: new Date(0).toISOString(),
      pipeline: 'p',
      source: 'cam',
      frame: { id: frame, receivedAt: 0 },
      reason: 'near-threshold',
      models: [],
      result: {},
      contentType: 'image/png',
      bytes,
    },
    payload: Buffer.alloc(bytes, '\n'),
  };
}

async function openStore(options: Partial<SampleStoreOptions> = {}) {
  const folder = options.folder ?? join(await temporaryFolder(), 'samples');
  const dropped: number[] = [];
  const store = new SampleStore({
    maxBytes: 1_000_000,
    maxCount: 1_000,
    onDropped: (samples) => dropped.push(samples),
    ...options,
    folder,
  });
  await store.open();
  return { store, folder, dropped };
}

const framesIn = async (folder: string) =>
  Promise.all((await sampleFiles(folder)).map(async (file) => (await readSample(file)).sample.frame.id));

describe('the ring of samples', () => {
  it('holds the newest within its bounds, on disk and over a restart, and counts what went', async () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 2_000 }), { maxLength: 25 });
    const bounds = fc.record({
      maxBytes: fc.integer({ min: 500, max: 8_000 }),
      maxCount: fc.integer({ min: 1, max: 12 }),
    });
    await fc.assert(
      fc.asyncProperty(sizes, bounds, async (all, limits) => {
        const { store, folder, dropped } = await openStore(limits);
        const taken: string[] = [];
        for (const [i, size] of all.entries()) {
          const put = await store.put(sampleOf(`${i}`, size)).catch((error) => error);
          if (put === true) taken.push(`${i}`);
          else expect(put).toMatchObject({ code: 'SAMPLE_INVALID' });
        }
        const files = await sampleFiles(folder);
        const bytes = (await Promise.all(files.map(({ path }) => stat(path)))).map(({ size }) => size);
        expect(bytes.reduce((sum, size) => sum + size, 0)).toBe(store.bytes);
        expect(store.bytes).toBeLessThanOrEqual(limits.maxBytes);
        expect(store.count).toBeLessThanOrEqual(limits.maxCount);
        expect(await framesIn(folder)).toEqual(taken.slice(taken.length - store.count));
        expect(dropped.reduce((sum, count) => sum + count, 0)).toBe(taken.length - store.count);
        const again = await openStore({ folder, ...limits });
        expect(again.store).toMatchObject({ count: store.count, bytes: store.bytes });
      }),
      { numRuns: 15 },
    );
  });

  it('keeps a frame that is sent again once, with its label', async () => {
    const { store, folder } = await openStore();
    const kept = sampleOf('a');
    expect(await store.put(kept)).toBe(true);
    await store.label(kept.sample.id, 'seven');
    expect(await store.put(kept)).toBe(false);
    const again = await openStore({ folder });
    const [found] = await again.store.find('a');
    expect(found?.sample.label).toBe('seven');
    expect(found?.payload).toEqual(kept.payload);
  });

  it('is for nobody else to read', async () => {
    const { store, folder } = await openStore();
    await store.put(sampleOf('a'));
    await store.label(sampleOf('a').sample.id, 'seven');
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    const [file] = await sampleFiles(folder);
    expect((await stat(file?.path ?? '')).mode & 0o777).toBe(0o600);
  });

  it('takes away what a crash left half written, and goes on beside a damaged sample', async () => {
    const { store, folder } = await openStore();
    await store.put(sampleOf('a'));
    await store.put(sampleOf('b'));
    const [first] = await sampleFiles(folder);
    await truncate(first?.path ?? '', 50);
    await writeFile(`${first?.path}.0123abcd.part`, 'half');
    await writeFile(join(folder, 'notes.txt'), 'of somebody else');
    const again = await openStore({ folder });
    expect(again.store.count).toBe(2);
    await expect(again.store.find('a')).rejects.toMatchObject({ code: 'SAMPLE_INVALID' });
    expect(await again.store.find('b')).toHaveLength(1);
    await again.store.put(sampleOf('c'));
    expect((await readdir(folder)).filter((name) => !name.endsWith('.sample'))).toEqual(['notes.txt']);
    expect((await sampleFiles(folder)).map(({ number }) => number)).toEqual([1, 2, 3]);
  });

  it('says where it cannot be', async () => {
    const file = join(await temporaryFolder(), 'file');
    await writeFile(file, '');
    await expect(openStore({ folder: file })).rejects.toMatchObject({ code: 'STATE_UNWRITABLE' });
  });
});

it('a label is what may name a folder, and nothing that leads elsewhere', () => {
  const good = ['7', 'scratched part', 'Straße', 'train', 'a.b', '…'];
  const bad = [
    '',
    '.',
    '..',
    '../x',
    'a/b',
    'a\\b',
    'a\nb',
    ' a',
    'a ',
    '.git',
    'unlabelled',
    'x'.repeat(65),
    7,
  ];
  expect(good.filter((label) => !isLabel(label))).toEqual([]);
  expect(bad.filter(isLabel)).toEqual([]);
});
