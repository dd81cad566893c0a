import { GatewayError } from '../../errors.ts';
import { publish } from './publish.ts';
import { type Repository, stateOf } from './repository.ts';
import { next } from './signers.ts';

export interface Expiry {
  readonly role: string;
  readonly expires: string;
}

/**
 * Signs `snapshot` and `timestamp` anew, so that they do not expire, and those of the offline roles that are named.
 * Returns when each role expires.
 * @throws REQUEST_INVALID, REPOSITORY_INVALID, KEY_UNAVAILABLE
 */
export async function refreshRepository(
  repository: Repository,
  renewed: readonly string[] = [],
): Promise<readonly Expiry[]> {
  const state = await stateOf(repository);
  const renewable = ['root', ...state.roles.keys()];
  const unknown = renewed.find((role) => !renewable.includes(role));
  if (unknown !== undefined) {
    throw new GatewayError(
      'REQUEST_INVALID',
      `Expected one of ${renewable.join(', ')} for the role to renew but received ${unknown}`,
    );
  }
  const roles = [...state.roles]
    .filter(([role]) => renewed.includes(role))
    .map(([role, { body }]) => [role, next(body)] as const);
  const root = renewed.includes('root') ? { root: next(state.root.body) } : {};
  await publish(state, { ...root, roles: new Map(roles) }, repository);
  const after = await stateOf(repository);
  const { root: newRoot, snapshot, timestamp } = after;
  const offline = [...after.roles].map(([role, { body }]) => ({ role, expires: body.expires }));
  return [
    { role: 'root', expires: newRoot.body.expires },
    ...offline,
    { role: 'snapshot', expires: snapshot.expires },
    { role: 'timestamp', expires: timestamp.expires },
  ];
}
