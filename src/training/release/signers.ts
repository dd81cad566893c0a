import { GatewayError } from '../../errors.ts';
import { roleOf, targetPatternOf } from '../../models/update/layout.ts';
import type { PublicKey } from './key.ts';
import {
  type Keys,
  type RootBody,
  type Signers,
  type TargetsBody,
  type TopRole,
  topRoles,
} from './metadata.ts';
import type { Change } from './publish.ts';
import { inDays, offlineDays, targetsOf } from './repository.ts';
import type { RepositoryState } from './state.ts';

/** Whose key it is: of a role of the repository, or of those who release one model. */
export type Holder = { readonly role: TopRole } | { readonly model: string };

/** The change that lets one more key sign. */
export function withKey(state: RepositoryState, holder: Holder, key: PublicKey, threshold?: number): Change {
  const added = { [key.id]: key.body };
  const more = (before: Signers | undefined, role: string): Signers => {
    const keyids = [...(before?.keyids ?? []), key.id];
    return checked(role, { keyids, threshold: threshold ?? before?.threshold ?? 1 });
  };
  if ('role' in holder) {
    const root = state.root.body;
    const { role } = holder;
    return { root: next(rootWith(root, role, more(root.roles[role], role), added)) };
  }
  const targets = targetsOf(state);
  const name = roleOf(holder.model);
  const before = targets.delegations?.roles.find((each) => each.name === name);
  const changed = targetsWith(targets, name, more(before, name), [targetPatternOf(holder.model)], added);
  return { roles: new Map([['targets', next(changed)]]) };
}

/**
 * The change that takes a key, named by its id or the first 8 digits of it, from every role it signs for.
 * @throws REQUEST_INVALID if there is no such key, or a role would be left with fewer than must sign.
 */
export function withoutKey(state: RepositoryState, prefix: string): Change {
  const root = state.root.body;
  const targets = targetsOf(state);
  const id = keyNamed(prefix, { ...root.keys, ...targets.delegations?.keys });
  const without = ({ keyids, threshold }: Signers, role: string): Signers =>
    checked(role, { keyids: keyids.filter((each) => each !== id), threshold });
  const roles = topRoles.filter((role) => root.roles[role].keyids.includes(id));
  const delegations = (targets.delegations?.roles ?? []).filter(({ keyids }) => keyids.includes(id));
  const changedRoot = roles.reduce(
    (body, role) => rootWith(body, role, without(body.roles[role], role), {}),
    root,
  );
  const changedTargets = delegations.reduce(
    (body, delegation) =>
      targetsWith(body, delegation.name, without(delegation, delegation.name), delegation.paths, {}),
    targets,
  );
  return {
    ...(roles.length > 0 ? { root: next(changedRoot) } : {}),
    ...(delegations.length > 0 ? { roles: new Map([['targets', next(changedTargets)]]) } : {}),
  };
}

/** The body that follows, good for another year. */
export function next<B extends RootBody | TargetsBody>(body: B): B {
  return { ...body, version: body.version + 1, expires: inDays(offlineDays) };
}

function rootWith(root: RootBody, role: TopRole, signers: Signers, added: Keys): RootBody {
  const roles = { ...root.roles, [role]: signers };
  return { ...root, roles, keys: inUse({ ...root.keys, ...added }, Object.values(roles)) };
}

function targetsWith(
  targets: TargetsBody,
  name: string,
  signers: Signers,
  paths: readonly string[],
  added: Keys,
): TargetsBody {
  const others = (targets.delegations?.roles ?? []).filter((each) => each.name !== name);
  // Terminating: what a model's own role does not offer, no other role may.
  const roles = [...others, { name, terminating: true, paths, ...signers }];
  return {
    ...targets,
    delegations: { roles, keys: inUse({ ...targets.delegations?.keys, ...added }, roles) },
  };
}

function inUse(keys: Keys, signers: readonly Signers[]): Keys {
  return Object.fromEntries(
    Object.entries(keys).filter(([id]) => signers.some(({ keyids }) => keyids.includes(id))),
  );
}

function checked(role: string, signers: Signers): Signers {
  const { keyids, threshold } = signers;
  if (new Set(keyids).size !== keyids.length) throw invalid('a new key', role, 'one that it has already');
  if (Number.isInteger(threshold) && threshold >= 1 && threshold <= keyids.length) return signers;
  throw invalid(`at least ${threshold} keys, as many as must sign,`, role, String(keyids.length));
}

function keyNamed(prefix: string, keys: Keys): string {
  const [id, ...others] = /^[0-9a-f]{8,64}$/.test(prefix)
    ? Object.keys(keys).filter((each) => each.startsWith(prefix))
    : [];
  if (id !== undefined && others.length === 0) return id;
  const known = Object.keys(keys).map((each) => each.slice(0, 8));
  throw invalid(`one of ${known.join(', ')}`, 'the id of the key', prefix);
}

function invalid(expected: string, what: string, received: string): GatewayError {
  return new GatewayError('REQUEST_INVALID', `Expected ${expected} for ${what} but received ${received}`);
}
