import { roleOf } from '../../models/update/layout.ts';
import type { PublicKey } from './key.ts';
import { publish } from './publish.ts';
import { type Repository, stateOf } from './repository.ts';
import { type Holder, withKey } from './signers.ts';

export interface AddKeyOptions {
  readonly holder: Holder;
  /** How many must sign from now on. Default: as many as before, 1 for a new model. */
  readonly threshold?: number;
  /** The public half of a key that someone else keeps; without it one is made. */
  readonly key?: PublicKey;
}

/**
 * Lets one more key sign for a role, or for the releases of a model. Returns the id of the key.
 * @throws REQUEST_INVALID, REPOSITORY_INVALID, KEY_UNAVAILABLE
 */
export async function addKey(
  repository: Repository,
  { holder, threshold, key }: AddKeyOptions,
): Promise<string> {
  const state = await stateOf(repository);
  const added =
    key ?? (await repository.keys.generate('role' in holder ? holder.role : roleOf(holder.model)));
  await publish(state, withKey(state, holder, added, threshold), repository);
  return added.id;
}
