import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GatewayError } from '../../errors.ts';
import { metadataPath, timestampPath } from '../../models/update/layout.ts';
import type {
  AnyBody,
  MetaBody,
  RootBody,
  Signed,
  SnapshotBody,
  TargetsBody,
  TimestampBody,
} from './metadata.ts';
import { isSigned, unverified } from './sign.ts';

/** What a repository says now: what its `timestamp.json` leads to. */
export interface RepositoryState {
  readonly root: Signed<RootBody>;
  readonly timestamp: TimestampBody;
  readonly snapshot: SnapshotBody;
  /** `targets`, and the role of each model that has been released. */
  readonly roles: ReadonlyMap<string, Signed<TargetsBody>>;
}

/**
 * Reads a repository and verifies all of it, from the root that its owner keeps with the keys: what lies on a
 * web server may have been tampered with, and must not be signed again unseen. Only expiry is not minded.
 * @throws REPOSITORY_INVALID
 */
export async function readState(folder: string, anchor: Buffer): Promise<RepositoryState> {
  const roots = await followRoots(folder, anchor);
  const root = newest(roots);
  // A rotation that was interrupted between its root and its timestamp leaves the signatures of before.
  const delegators = roots.slice(-2).map(({ body }) => body);
  const timestamp = await signedFile<TimestampBody>(folder, timestampPath, delegators, 'timestamp');
  const snapshotMeta = timestamp.body.meta['snapshot.json'];
  const snapshotPath = metadataPath('snapshot', snapshotMeta.version);
  const snapshot = await signedFile<SnapshotBody>(folder, snapshotPath, delegators, 'snapshot', snapshotMeta);

  const readRole = async (role: string, by: readonly (RootBody | TargetsBody)[]) => {
    const meta = snapshot.body.meta[`${role}.json`];
    if (meta === undefined) throw damaged(`${role}.json`, snapshotPath, 'none');
    return signedFile<TargetsBody>(folder, metadataPath(role, meta.version), by, role, meta);
  };
  const targets = await readRole('targets', delegators);
  const names = Object.keys(snapshot.body.meta).map((name) => name.slice(0, -'.json'.length));
  const models = names.filter((name) => name !== 'targets');
  const roles = await Promise.all(
    models.map(async (role) => [role, await readRole(role, [targets.body])] as const),
  );
  return {
    root,
    timestamp: timestamp.body,
    snapshot: snapshot.body,
    roles: new Map([['targets', targets], ...roles]),
  };
}

export function metaOf({ body, bytes }: Signed<AnyBody>): MetaBody {
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { version: body.version, length: bytes.length, hashes: { sha256 } };
}

/** All roots from the one that is trusted to the newest, each signed by the one before and by itself. */
async function followRoots(folder: string, anchor: Buffer): Promise<readonly Signed<RootBody>[]> {
  const roots: Signed<RootBody>[] = [read<RootBody>(anchor, 'root.json of the keys')];
  for (;;) {
    const { body } = newest(roots);
    const path = metadataPath('root', body.version + 1);
    const bytes = await readFile(join(folder, path)).catch(absent);
    if (bytes === undefined) return roots;
    const next = read<RootBody>(bytes, path);
    const isNext = next.body.version === body.version + 1;
    if (!isNext || !isSigned(body, 'root', next) || !isSigned(next.body, 'root', next)) {
      throw damaged('a root signed by the one before and itself', path, 'another');
    }
    roots.push(next);
  }
}

function newest(roots: readonly Signed<RootBody>[]): Signed<RootBody> {
  const last = roots.at(-1);
  if (last === undefined) throw new TypeError('No root');
  return last;
}

async function signedFile<B extends AnyBody>(
  folder: string,
  path: string,
  delegators: readonly (RootBody | TargetsBody)[],
  role: string,
  meta?: MetaBody,
): Promise<Signed<B>> {
  const bytes = await readFile(join(folder, path)).catch(absent);
  if (bytes === undefined) throw damaged('the file', path, 'nothing by that name');
  const signed = read<B>(bytes, path);
  if (meta !== undefined && metaOf(signed).hashes.sha256 !== meta.hashes.sha256) {
    throw damaged(`sha256 ${meta.hashes.sha256}`, path, 'another');
  }
  if (!delegators.some((delegator) => isSigned(delegator, role, signed))) {
    throw damaged(`the signatures of role ${role}`, path, 'too few of them');
  }
  return signed;
}

function read<B extends AnyBody>(bytes: Buffer, path: string): Signed<B> {
  try {
    return unverified<B>(bytes);
  } catch (cause) {
    throw damaged('metadata of TUF', path, cause instanceof Error ? cause.message : String(cause));
  }
}

function absent(error: unknown): undefined {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
  throw error;
}

function damaged(expected: string, path: string, received: string): GatewayError {
  return new GatewayError('REPOSITORY_INVALID', `Expected ${expected} for ${path} but received ${received}`);
}
