import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GatewayError } from '../../errors.ts';
import { metadataPath } from '../../models/update/layout.ts';
import type { PublicKey } from './key.ts';
import type { KeyStore } from './key-store.ts';
import { type Keys, type Signers, specVersion, type TopRole } from './metadata.ts';
import { publish } from './publish.ts';
import { inDays, offlineDays, rootFile } from './repository.ts';

export interface InitOptions {
  /** To be made; what a web server will hand out. */
  readonly folder: string;
  readonly keys: KeyStore;
  /** Where `root.json` goes, for gateways and for whoever signs. */
  readonly keysFolder: string;
  readonly onlineDays: number;
  readonly root: Quorum;
  readonly targets: Quorum;
}

/** So many keys, of which so many must sign. */
interface Quorum {
  readonly keys: number;
  readonly threshold: number;
}

/**
 * Makes a repository without releases, and its keys.
 * @throws REQUEST_INVALID if there is one already, or a threshold cannot be met.
 */
export async function initRepository(options: InitOptions): Promise<void> {
  const { folder, keys, keysFolder, onlineDays } = options;
  const first = join(folder, metadataPath('root', 1));
  for (const file of [first, join(keysFolder, rootFile)]) {
    if (existsSync(file)) throw invalid('a place without a repository', file, 'one that is there already');
  }
  const quorums: Readonly<Record<TopRole, Quorum>> = {
    root: options.root,
    targets: options.targets,
    snapshot: { keys: 1, threshold: 1 },
    timestamp: { keys: 1, threshold: 1 },
  };
  for (const [role, { keys: count, threshold }] of Object.entries(quorums)) {
    if (!(threshold >= 1 && threshold <= count)) {
      throw invalid(`a threshold of 1 to ${count}`, `the ${count} keys of ${role}`, String(threshold));
    }
  }
  const made = new Map<TopRole, readonly PublicKey[]>();
  for (const role of ['root', 'targets', 'snapshot', 'timestamp'] as const) {
    const generated: PublicKey[] = [];
    while (generated.length < quorums[role].keys) generated.push(await keys.generate(role));
    made.set(role, generated);
  }
  const signers = (role: TopRole): Signers => ({
    keyids: (made.get(role) ?? []).map(({ id }) => id),
    threshold: quorums[role].threshold,
  });
  const all: Keys = Object.fromEntries([...made.values()].flat().map(({ id, body }) => [id, body]));
  const offline = { spec_version: specVersion, version: 1, expires: inDays(offlineDays) };
  await mkdir(folder, { recursive: true });
  await publish(
    undefined,
    {
      root: {
        ...offline,
        _type: 'root',
        consistent_snapshot: true,
        keys: all,
        roles: {
          root: signers('root'),
          targets: signers('targets'),
          snapshot: signers('snapshot'),
          timestamp: signers('timestamp'),
        },
      },
      roles: new Map([['targets', { ...offline, _type: 'targets', targets: {} }]]),
    },
    { folder, keys, onlineDays },
  );
  await writeFile(join(keysFolder, rootFile), await readFile(first));
}

function invalid(expected: string, what: string, received: string): GatewayError {
  return new GatewayError('REQUEST_INVALID', `Expected ${expected} for ${what} but received ${received}`);
}
