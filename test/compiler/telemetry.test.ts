import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { resolveBundle } from '../../src/models/builtin.ts';
import { temporaryFolder } from '../support/gateway.ts';

const run = promisify(execFile);
const url = (path: string) => JSON.stringify(new URL(`../../dist/${path}`, import.meta.url).href);

/** Opens a net as a model process does, and gives a reporter time to begin. */
const program = (bundle: string) => `
  import { openSession } from ${url('compiler/runtime.js')};
  import { readBundle } from ${url('models/bundle.js')};
  import { setTimeout } from 'node:timers/promises';
  const bundle = await readBundle(${JSON.stringify(bundle)});
  const session = await openSession(bundle.file(bundle.manifest.graph), { threads: 1 });
  await setTimeout(300);
  await session.close();
`;

it('opens a net without the runtime keeping a record of it in the home folder', async () => {
  const home = await temporaryFolder();
  const args = ['--input-type=module', '-e', program(resolveBundle('builtin:digits'))];
  // Without CI, which alone would keep the runtime quiet.
  await run(process.execPath, args, { env: { HOME: home, PATH: process.env.PATH } });
  expect(await readdir(home)).toEqual([]);
});
