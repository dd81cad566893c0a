/** A repository of signed versions of the digits, and how to ask a gateway for them. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { connectClient } from '../../src/bus/external.ts';
import { type Answer, request } from '../../src/cli/model-request.ts';
import { addKey } from '../../src/training/release/add-key.ts';
import { addRelease } from '../../src/training/release/add-release.ts';
import { initRepository } from '../../src/training/release/init.ts';
import { keyStore } from '../../src/training/release/key-store.ts';
import { readAnchor } from '../../src/training/release/repository.ts';
import { variantOf } from '../../test/support/bundles.ts';

export async function releaseDigits(versions: readonly string[]) {
  const home = await mkdtemp(join(tmpdir(), 'edgeward-bench-repository-'));
  const [folder, keysFolder, root] = [join(home, 'repo'), join(home, 'keys'), join(home, 'root.json')];
  const keys = keyStore({ folders: [keysFolder], passphrase: async () => 'of no value' });
  const one = { keys: 1, threshold: 1 };
  await initRepository({ folder, keys, keysFolder, onlineDays: 7, root: one, targets: one });
  const repository = { folder, keys, anchor: await readAnchor(keysFolder), onlineDays: 7 };
  await addKey(repository, { holder: { model: 'digits' } });
  await writeFile(root, repository.anchor);
  for (const version of versions) {
    const { path } = await variantOf('builtin:digits', join(home, `${version}.bundle`), { version });
    await addRelease(repository, { bundle: path, channel: 'stable' });
  }
  return {
    yaml: `updates: { url: '${pathToFileURL(folder).href}', root: '${root}', intervalS: null }`,
    remove: () => rm(home, { recursive: true, force: true }),
  };
}

/** Asks the gateway of a benchmark for what concerns its digits. */
export async function askGateway(
  port: number,
  command: string,
  body: object,
  onAnswer: (answer: Answer) => void = () => {},
): Promise<void> {
  const client = await connectClient({ url: `mqtt://127.0.0.1:${port}` });
  try {
    await request({
      client,
      base: 'edgeward',
      gateway: 'bench',
      command,
      body: { model: 'digits', ...body },
      isLast: ({ data }) => data.state === 'done',
      onAnswer,
      timeoutMs: 60_000,
      signal: AbortSignal.timeout(600_000),
    });
  } finally {
    await client.close();
  }
}
