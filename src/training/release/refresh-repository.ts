import { GatewayError } from '../../errors.ts';
import { edit } from './edit.ts';
import type { Repository } from './repository.ts';
import { next } from './signers.ts';
import { readState } from './state.ts';

export interface Expiry {
  readonly role: string;
  /** ISO 8601. */
  readonly expires: string;
}

/**
 * Signs `snapshot` and `timestamp` anew, so that they do not expire, and of the offline roles those in `renewed`.
 * Returns when each role expires.
 * @throws REQUEST_INVALID, REPOSITORY_INVALID, KEY_UNAVAILABLE
 */
export async function refreshRepository(
  repository: Repository,
  renewed: readonly string[] = [],
): Promise<readonly Expiry[]> {
  await edit(repository, ({ root, roles }) => {
    const renewable = ['root', ...roles.keys()];
    const unknown = renewed.find((role) => !renewable.includes(role));
    if (unknown !== undefined) {
      const message = `Expected one of ${renewable.join(', ')} for the role to renew but received ${unknown}`;
      throw new GatewayError('REQUEST_INVALID', message);
    }
    const bodies = [...roles].filter(([role]) => renewed.includes(role));
    return {
      ...(renewed.includes('root') ? { root: next(root.body) } : {}),
      roles: new Map(bodies.map(([role, { body }]) => [role, next(body)])),
    };
  });
  const { root, roles, snapshot, timestamp } = await readState(repository.folder, repository.anchor);
  return [
    { role: 'root', expires: root.body.expires },
    ...[...roles].map(([role, { body }]) => ({ role, expires: body.expires })),
    { role: 'snapshot', expires: snapshot.expires },
    { role: 'timestamp', expires: timestamp.expires },
  ];
}
