import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GatewayError } from '../../errors.ts';
import type { KeyStore } from './key-store.ts';
import type { RootBody, Signers, TargetsBody } from './metadata.ts';
import type { RepositoryState } from './state.ts';

/** A repository that is worked on: where it is, who signs, how long the online signatures last. */
export interface Repository {
  readonly folder: string;
  readonly keys: KeyStore;
  /** The root that its owner trusts, and that gateways are born with. */
  readonly anchor: Buffer;
  /** Days until `timestamp` and `snapshot` expire unless they are refreshed. */
  readonly onlineDays: number;
}

/** Days until what is signed with offline keys expires. */
export const offlineDays = 365;

export const rootFile = 'root.json';

/** @throws KEY_UNAVAILABLE if there is no `root.json` among the keys. */
export async function readAnchor(keysFolder: string): Promise<Buffer> {
  try {
    return await readFile(join(keysFolder, rootFile));
  } catch (cause) {
    const received = cause instanceof Error ? cause.message : String(cause);
    throw new GatewayError(
      'KEY_UNAVAILABLE',
      `Expected ${rootFile} beside the keys for ${keysFolder} but received ${received}`,
      { cause },
    );
  }
}

/** What TUF calls a date: UTC, whole seconds. */
export function inDays(days: number): string {
  return `${new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 19)}Z`;
}

/** Who signs for a role, or undefined if nobody has been named yet. */
export function signersOf(role: string, root: RootBody, targets: TargetsBody): Signers | undefined {
  const top: Readonly<Record<string, Signers>> = root.roles;
  return Object.hasOwn(top, role) ? top[role] : targets.delegations?.roles.find(({ name }) => name === role);
}

export function targetsOf({ roles }: RepositoryState): TargetsBody {
  const targets = roles.get('targets');
  if (targets === undefined) throw new TypeError('A repository has the role targets');
  return targets.body;
}
