import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { GatewayError } from '../../errors.ts';
import { roleOf, targetFilePath, targetPathOf } from '../../models/update/layout.ts';
import { publish } from './publish.ts';
import { type Repository, stateOf } from './repository.ts';
import { next, withoutKey } from './signers.ts';

/**
 * Takes a release back: gateways that ask see it no more, and its bundle is deleted.
 * @throws REQUEST_INVALID if there is none, REPOSITORY_INVALID, KEY_UNAVAILABLE
 */
export async function revokeRelease(
  repository: Repository,
  { model, version }: { readonly model: string; readonly version: string },
): Promise<void> {
  const state = await stateOf(repository);
  const role = roleOf(model);
  const body = state.roles.get(role)?.body;
  const path = targetPathOf(model, version);
  const { [path]: revoked, ...targets } = body?.targets ?? {};
  if (body === undefined || revoked === undefined) {
    const known = Object.keys(body?.targets ?? {}).join(', ') || 'no releases';
    throw new GatewayError(
      'REQUEST_INVALID',
      `Expected a release of ${model} for ${path} but received ${known}`,
    );
  }
  await publish(state, { roles: new Map([[role, next({ ...body, targets })]]) }, repository);
  const file = targetFilePath(path, `sha256:${revoked.hashes.sha256}`);
  await rm(join(repository.folder, file), { force: true });
}

/**
 * Takes a key out of every role that it signs for; what it has signed is signed again by those that remain.
 * @throws REQUEST_INVALID, REPOSITORY_INVALID, KEY_UNAVAILABLE
 */
export async function revokeKey(repository: Repository, id: string): Promise<void> {
  const state = await stateOf(repository);
  await publish(state, withoutKey(state, id), repository);
}
