import { cp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { metadataPath } from '../../../src/models/update/layout.ts';
import { generateKey, type SigningKey, signingKey } from '../../../src/training/release/key.ts';
import type { AnyBody, SnapshotBody, TimestampBody } from '../../../src/training/release/metadata.ts';
import { signersOf, targetsOf } from '../../../src/training/release/repository.ts';
import { sign } from '../../../src/training/release/sign.ts';
import { metaOf, readState } from '../../../src/training/release/state.ts';
import type { Owner } from '../../training/release/fixtures.ts';
import { temporaryFolder } from '../bundle-fixtures.ts';
import type { Mirror } from './hostile.ts';

/** The repository as it is now, to be shown later. */
export async function recorded({ folder }: Owner): Promise<string> {
  const copy = join(await temporaryFolder(), 'repo');
  await cp(folder, copy, { recursive: true });
  return copy;
}

export const fileOf = (folder: string, path: string): Promise<Buffer> => readFile(join(folder, path));

export const stateOf = ({ folder, repository }: Owner) => readState(folder, repository.anchor);

/** The private keys of a role, as a thief has them. */
export async function stolenKeys(owner: Owner, role: string): Promise<readonly SigningKey[]> {
  const state = await stateOf(owner);
  return owner.repository.keys.load(signersOf(role, state.root.body, targetsOf(state))?.keyids ?? []);
}

/** A key that nobody ever trusted. */
export function foreignKey(): SigningKey {
  return signingKey(generateKey());
}

export type KeyOf = (role: 'snapshot' | 'timestamp') => readonly SigningKey[];

/**
 * Makes a mirror show `roles` (bytes by role) as the newest, under a snapshot and timestamp that come after
 * those of the owner, signed with the keys given.
 */
export async function show(
  mirror: Mirror,
  owner: Owner,
  roles: Readonly<Record<string, { readonly body: AnyBody; readonly bytes: Buffer }>>,
  keyOf: KeyOf,
  ahead = 1,
): Promise<void> {
  const { snapshot, timestamp } = await stateOf(owner);
  const meta = { ...snapshot.meta };
  for (const [role, signed] of Object.entries(roles)) {
    meta[`${role}.json`] = metaOf(signed);
    mirror.instead.set(metadataPath(role, signed.body.version), signed.bytes);
  }
  const shown = sign<SnapshotBody>(
    { ...snapshot, version: snapshot.version + ahead, meta },
    keyOf('snapshot'),
  );
  const stamp = sign<TimestampBody>(
    { ...timestamp, version: timestamp.version + ahead, meta: { 'snapshot.json': metaOf(shown) } },
    keyOf('timestamp'),
  );
  mirror.instead.set(metadataPath('snapshot', shown.body.version), shown.bytes);
  mirror.instead.set('timestamp.json', stamp.bytes);
}
