import { roleOf } from '../../models/update/layout.ts';
import { edit } from './edit.ts';
import type { PublicKey } from './key.ts';
import type { Repository } from './repository.ts';
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
export async function addKey(repository: Repository, options: AddKeyOptions): Promise<string> {
  const { holder, threshold } = options;
  const role = 'role' in holder ? holder.role : roleOf(holder.model);
  const key = options.key ?? (await repository.keys.generate(role));
  await edit(repository, (state) => withKey(state, holder, key, threshold));
  return key.id;
}
