import { once } from 'node:events';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ModelRepository } from '../../src/models/update/index.ts';
import { temporaryFolder } from '../models/bundle-fixtures.ts';
import { runProgram, startProgram } from '../support/program.ts';
import { bundleFile } from '../training/release/fixtures.ts';

// The time of a test is the bound: one of the module would go on running while others have their turn.
const { signal } = new AbortController();

it('makes, signs and serves a repository from the command line', async () => {
  const home = await temporaryFolder();
  const [folder, keys, secret] = [join(home, 'repo'), join(home, 'keys'), join(home, 'passphrase')];
  await writeFile(secret, 'open sesame\n');
  const repo = (command: string, ...args: string[]) =>
    runProgram(['repo', command, folder, ...args, '--keys', keys, '--passphrase-file', secret]);
  const done = (text: string) => ({ code: 0, stdout: expect.stringContaining(text), stderr: '' });

  expect(await repo('init', '--root-keys', '2', '--root-threshold', '2')).toEqual(done('expires in 7 days'));
  expect(await repo('add-key', '--model', 'digits')).toEqual(done('signs for model digits'));
  const bundle = await bundleFile();
  expect(await repo('release', bundle, '--notes', 'More sevens')).toEqual(
    done('Released digits 1.0.0 (stable)'),
  );

  for (const name of (await readdir(keys)).filter((each) => each.endsWith('.pem'))) {
    const isOnline = /^(snapshot|timestamp)-/.test(name);
    expect((await stat(join(keys, name))).mode & 0o777, name).toBe(0o600);
    expect((await readFile(join(keys, name), 'utf8')).includes('ENCRYPTED'), name).toBe(!isOnline);
  }
  expect(await readdir(folder)).toEqual(['metadata', 'targets']);

  // The server's first line tells its address.
  const { child } = startProgram(['repo', 'serve', folder, '--port', '0']);
  const [line] = await once(child.stdout, 'data');
  const url = /http:\S+/.exec(String(line))?.[0] ?? '';
  const root = await readFile(join(keys, 'root.json'));
  const gateway = new ModelRepository({ root, url, folder: join(home, 'gateway') });
  const release = await (await gateway.refresh(signal)).find({ model: 'digits' }, signal);
  expect(release).toMatchObject({ version: '1.0.0', notes: 'More sevens' });
  await gateway.download(release, join(home, 'digits.bundle'), { signal });
  expect(await readFile(join(home, 'digits.bundle'))).toEqual(await readFile(bundle));

  expect(await repo('revoke', 'digits@1.0.0')).toEqual(done('digits 1.0.0 is not offered any more'));
  await expect((await gateway.refresh(signal)).find({ model: 'digits' }, signal)).rejects.toMatchObject({
    code: 'UPDATE_NOT_FOUND',
  });
}, 60_000);

it('signs nothing with a wrong passphrase, or none', async () => {
  const home = await temporaryFolder();
  const [folder, keys] = [join(home, 'repo'), join(home, 'keys')];
  const repo = (args: string[], passphrase: string) =>
    runProgram(['repo', ...args, '--keys', keys], { env: { EDGEWARD_KEYS_PASSPHRASE: passphrase } });
  expect(await repo(['init', folder], 'right')).toMatchObject({ code: 0 });
  for (const passphrase of ['wrong', '']) {
    expect(await repo(['add-key', folder, '--role', 'targets'], passphrase)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('KEY_UNAVAILABLE'),
    });
  }
  // The online keys need none.
  expect(await repo(['refresh', folder], '')).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^timestamp +expires 20/m),
  });
});
