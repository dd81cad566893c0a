import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import tar from 'tar-stream';
import { describe, expect, it } from 'vitest';
import { readBundle } from '../../src/models/bundle.ts';
import {
  archive,
  draft,
  type Entry,
  fileEntries,
  files,
  listed,
  manifestEntry,
  saved,
} from './bundle-fixtures.ts';

async function refusal(entries: readonly Entry[], limits = {}): Promise<unknown> {
  const path = await saved(await archive(entries));
  return readBundle(path, limits).then(
    () => 'no error',
    (error: unknown) => error,
  );
}

const invalid = (text: string) =>
  expect.objectContaining({ code: 'BUNDLE_INVALID', message: expect.stringContaining(text) });

/** As `manifestEntry`, but listing one more file under that name. */
function listing(name: string): Entry {
  return manifestEntry({ ...draft, files: { ...listed(), ...listed({ [name]: Buffer.from('x') }) } });
}

describe('readBundle', () => {
  it('reads an archive of another tool', async () => {
    const bundle = await readBundle(await saved(await archive([manifestEntry(), ...fileEntries])));
    expect(bundle.manifest.name).toBe('tiny-net');
  });

  it.each([
    '/etc/passwd',
    '../outside',
    'a/../../outside',
    'a\\b',
    './net2.onnx',
    'a//b',
    '.hidden',
    'a b',
    '',
  ])('refuses the path %j', async (name) => {
    const entries = [listing(name), ...fileEntries, { name, data: 'x' }];
    expect(await refusal(entries)).toEqual(expect.objectContaining({ code: 'BUNDLE_INVALID' }));
  });

  it.each(['link', 'symlink'] as const)('refuses a %s', async (type) => {
    const entries = [listing('alias'), ...fileEntries, { name: 'alias', type, linkname: 'net.onnx' }];
    expect(await refusal(entries)).toEqual(invalid(`${type} alias`));
  });

  it.each(['directory', 'fifo', 'character-device'] as const)('refuses a %s', async (type) => {
    expect(await refusal([manifestEntry(), ...fileEntries, { name: 'golden2', type }])).toEqual(
      invalid(type),
    );
  });

  it('refuses a file that comes twice, the manifest too', async () => {
    const twice = [manifestEntry(), ...fileEntries, ...fileEntries];
    expect(await refusal(twice)).toEqual(invalid('net.onnx again'));
    expect(await refusal([manifestEntry(), ...fileEntries, manifestEntry()])).toEqual(
      invalid('bundle.json again'),
    );
  });

  it('refuses a manifest that is not the first file, or not there', async () => {
    expect(await refusal([...fileEntries, manifestEntry()])).toEqual(invalid('bundle.json'));
    expect(await refusal([])).toEqual(invalid('bundle.json'));
  });

  it('refuses a file that is not listed, or listed and not there', async () => {
    const unlisted = [manifestEntry(), ...fileEntries, { name: 'more.bin', data: 'x' }];
    expect(await refusal(unlisted)).toEqual(invalid('more.bin'));
    expect(await refusal([manifestEntry(), ...fileEntries.slice(1)])).toEqual(invalid('file net.onnx'));
  });

  it('refuses a file of another size or digest', async () => {
    const [graph, ...rest] = fileEntries;
    expect(graph?.name).toBe('net.onnx');
    const longer = { name: 'net.onnx', data: Buffer.concat([files['net.onnx'], Buffer.from('!')]) };
    expect(await refusal([manifestEntry(), longer, ...rest])).toEqual(invalid('bytes for net.onnx'));
    const other = { name: 'net.onnx', data: Buffer.from(files['net.onnx'].toString().toUpperCase()) };
    expect(await refusal([manifestEntry(), other, ...rest])).toEqual(invalid('sha256:'));
  });

  it('refuses what is over its bounds', async () => {
    const entries = [manifestEntry(), ...fileEntries];
    expect(await refusal(entries, { bytes: 2048 })).toEqual(invalid('at most 2048 bytes'));
    expect(await refusal(entries, { files: 1 })).toEqual(invalid('at most 1 files'));
    expect(await refusal(entries, { files: 2 })).toBe('no error');
    expect(await refusal(entries, { manifestBytes: 100 })).toEqual(invalid('at most 100 bytes'));
  });

  it('does not believe a header that promises gigabytes', async () => {
    const data = await archive([manifestEntry(), ...fileEntries]);
    const size = 124;
    data.write('77777777777 ', size);
    data.write('        ', 148);
    const sum = data.subarray(0, 512).reduce((total, byte) => total + byte, 0);
    data.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    await expect(readBundle(await saved(data))).rejects.toEqual(invalid('of 8589934591 bytes'));
  });

  it.each(['{', '[]', '"text"', 'null', Buffer.from([0x7b, 0xff, 0x7d])])(
    'refuses the manifest %j',
    async (data) => {
      expect(await refusal([{ name: 'bundle.json', data }, ...fileEntries])).toEqual(invalid('bundle.json'));
    },
  );

  it('does not unpack what is compressed, however much there is in it', async () => {
    const bomb = gzipSync(Buffer.alloc(64 * 2 ** 20));
    await expect(readBundle(await saved(bomb))).rejects.toEqual(invalid('a whole tar archive'));
    const padded = Buffer.concat([bomb, Buffer.alloc(1024)]);
    await expect(readBundle(await saved(padded))).rejects.toMatchObject({ code: 'BUNDLE_INVALID' });
  });

  it('takes the path of an extended header for the path of the file, and refuses it as such', async () => {
    const pack = tar.pack();
    pack.entry({ name: 'bundle.json' }, manifestEntry().data ?? '');
    for (const [name, data] of Object.entries(files)) pack.entry({ name }, data);
    pack.entry({ name: 'harmless', pax: { path: '../../outside' } }, 'x');
    pack.finalize();
    const path = await saved(await buffer(pack));
    await expect(readBundle(path)).rejects.toEqual(invalid('../../outside'));
  });
});
