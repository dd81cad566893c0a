import { mkdir, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { replaceFile } from '../../durable.ts';
import { GatewayError } from '../../errors.ts';
import { expectFewEntries, maxEntries } from '../../models/update/entries.ts';
import { metadataPath, timestampPath } from '../../models/update/layout.ts';
import type { KeyStore } from './key-store.ts';
import {
  type AnyBody,
  type RootBody,
  type Signed,
  type Signers,
  specVersion,
  type TargetsBody,
  type TopRole,
} from './metadata.ts';
import { inDays, signersOf } from './repository.ts';
import { isSigned, sign } from './sign.ts';
import { metaOf, type RepositoryState } from './state.ts';

export interface Change {
  /** The next root, if it changes. */
  readonly root?: RootBody;
  /** The next bodies of `targets` and of the roles of models, where they change. */
  readonly roles?: ReadonlyMap<string, TargetsBody>;
}

export interface PublishOptions {
  readonly folder: string;
  readonly keys: KeyStore;
  readonly onlineDays: number;
}

/** Versions of a role that stay, for clients that are in the middle of a refresh. Roots stay for ever. */
const keptVersions = 10;

/**
 * Signs a change and writes it such that a reader, and a crash, at any moment finds the repository of before or
 * the one of after. Everything is signed before the first file is written; files get new names, and
 * `timestamp.json` is what makes them count.
 * @throws KEY_UNAVAILABLE if too few of the keys that must sign are at hand, UPDATE_TOO_LARGE if gateways would
 *   refuse it; then nothing was written.
 */
export async function publish(
  state: RepositoryState | undefined,
  change: Change,
  { folder, keys, onlineDays }: PublishOptions,
): Promise<void> {
  const before = state?.root.body;
  const root = change.root ?? before;
  const targets = change.roles?.get('targets') ?? state?.roles.get('targets')?.body;
  if (root === undefined || targets === undefined)
    throw new TypeError('A repository begins with root and targets');
  const targetsBefore = state?.roles.get('targets')?.body;

  /** Those who sign now and, during a rotation, those who did, so that either root leads to valid metadata. */
  const seal = async <B extends AnyBody>(role: string, body: B): Promise<Signed<B>> => {
    const now = signersOf(role, root, targets);
    const then = before && targetsBefore && signersOf(role, before, targetsBefore);
    const ids = new Set([...(now?.keyids ?? []), ...(then?.keyids ?? [])]);
    const signed = sign(body, await keys.load([...ids]));
    const kind = role in root.roles ? (role as TopRole) : 'targets';
    expectFewEntries(`role ${role}`, signed.bytes, maxEntries[kind]);
    const delegator = role in root.roles ? root : targets;
    if (now === undefined || !isSigned(delegator, role, signed)) throw missing(role, now);
    return signed;
  };

  const roles = new Map<string, Signed<TargetsBody>>();
  for (const role of new Set([...(state?.roles.keys() ?? []), ...(change.roles?.keys() ?? [])])) {
    const old = state?.roles.get(role);
    const body = change.roles?.get(role);
    if (body !== undefined) {
      roles.set(role, await seal(role, body));
    } else if (old !== undefined) {
      // Who has to sign may have changed, now or in a rotation that was interrupted.
      const isValid = isSigned(role === 'targets' ? root : targets, role, old);
      roles.set(role, isValid ? old : await seal(role, { ...old.body, version: old.body.version + 1 }));
    }
  }
  const meta = Object.fromEntries([...roles].map(([role, signed]) => [`${role}.json`, metaOf(signed)]));
  const online = { spec_version: specVersion, expires: inDays(onlineDays) };
  const snapshot = await seal('snapshot', {
    ...online,
    _type: 'snapshot',
    version: (state?.snapshot.version ?? 0) + 1,
    meta,
  });
  const timestamp = await seal('timestamp', {
    ...online,
    _type: 'timestamp',
    version: (state?.timestamp.version ?? 0) + 1,
    meta: { 'snapshot.json': metaOf(snapshot) },
  });
  const newRoot = change.root && (await seal('root', change.root));
  if (newRoot && before && !isSigned(before, 'root', newRoot)) throw missing('root', before.roles.root);

  const write = (path: string, { bytes }: Signed<AnyBody>) => writeMetadata(folder, path, bytes);
  for (const [role, signed] of roles) {
    if (signed !== state?.roles.get(role)) await write(metadataPath(role, signed.body.version), signed);
  }
  await write(metadataPath('snapshot', snapshot.body.version), snapshot);
  const commit = [() => write(timestampPath, timestamp)];
  if (newRoot) {
    // Valid under the old root too, the new state can go first; else what the old root signed has to stay.
    const isBoth =
      before === undefined || isValidUnder(before, { timestamp, snapshot, targets: roles.get('targets') });
    const writeRoot = () => write(metadataPath('root', newRoot.body.version), newRoot);
    if (isBoth) commit.push(writeRoot);
    else commit.unshift(writeRoot);
  }
  for (const step of commit) await step();
  await prune(
    folder,
    new Map([
      ['snapshot', snapshot.body.version],
      ...[...roles].map(([role, { body }]) => [role, body.version] as const),
    ]),
  );
}

function isValidUnder(
  root: RootBody,
  metadata: Readonly<Record<string, Signed<AnyBody> | undefined>>,
): boolean {
  return Object.entries(metadata).every(
    ([role, signed]) => signed !== undefined && isSigned(root, role, signed),
  );
}

async function writeMetadata(folder: string, path: string, bytes: Buffer): Promise<void> {
  const file = join(folder, path);
  await mkdir(dirname(file), { recursive: true });
  await replaceFile(file, bytes);
}

async function prune(folder: string, versions: ReadonlyMap<string, number>): Promise<void> {
  const metadata = join(folder, dirname(timestampPath));
  for (const name of await readdir(metadata)) {
    const [, version, role = ''] = /^(\d+)\.(.+)\.json$/.exec(name) ?? [];
    const newest = versions.get(role);
    if (newest !== undefined && Number(version) <= newest - keptVersions)
      await rm(join(metadata, name), { force: true });
  }
}

function missing(role: string, signers: Signers | undefined): GatewayError {
  const { keyids = [], threshold = 1 } = signers ?? {};
  const names = keyids.map((id) => `${role}-${id.slice(0, 8)}.pem`).join(', ') || 'none that is named';
  return new GatewayError(
    'KEY_UNAVAILABLE',
    `Expected ${threshold} of the keys ${names} for role ${role} but received fewer`,
  );
}
