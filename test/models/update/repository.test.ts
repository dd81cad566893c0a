import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { ModelRepository } from '../../../src/models/update/index.ts';
import { newRepository } from '../../training/release/fixtures.ts';
import { temporaryFolder } from '../bundle-fixtures.ts';

// The time of a test is the bound: one of the module would go on running while others have their turn.
const { signal } = new AbortController();

describe('a repository in a folder', () => {
  it('gives what was released, verified', async () => {
    const owner = await newRepository();
    const bundle = await owner.release('1.0.0', { notes: 'first' });
    await owner.release('1.1.0-rc.1', { channel: 'beta' });
    const folder = await temporaryFolder();
    const repository = new ModelRepository({
      root: owner.repository.anchor,
      url: pathToFileURL(owner.folder).href,
      folder,
    });
    const catalogue = await repository.refresh(signal);
    const release = await catalogue.find({ model: 'digits' }, signal);
    expect(release).toMatchObject({ model: 'digits', version: '1.0.0', channel: 'stable', notes: 'first' });
    expect(await catalogue.find({ model: 'digits', channel: 'beta' }, signal)).toMatchObject({
      version: '1.1.0-rc.1',
    });
    const file = join(folder, 'x.bundle');
    await repository.download(release, file, { signal });
    expect(await readFile(file)).toEqual(await readFile(bundle));
  });
});
