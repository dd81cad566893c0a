import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { GatewayError } from '../../errors.ts';
import { roleOf, targetFilePath, targetPathOf } from '../../models/update/layout.ts';
import { edit } from './edit.ts';
import type { Repository } from './repository.ts';
import { next, withoutKey } from './signers.ts';

/**
 * Takes a release back: gateways that ask see it no more, and its bundle is deleted.
 * @throws REQUEST_INVALID if there is none, REPOSITORY_INVALID, KEY_UNAVAILABLE
 */
export async function revokeRelease(
  repository: Repository,
  { model, version }: { readonly model: string; readonly version: string },
): Promise<void> {
  const role = roleOf(model);
  const path = targetPathOf(model, version);
  let digest = '';
  await edit(repository, ({ roles }) => {
    const body = roles.get(role)?.body;
    const { [path]: revoked, ...targets } = body?.targets ?? {};
    if (body === undefined || revoked === undefined) {
      const known = Object.keys(body?.targets ?? {}).join(', ') || 'no releases';
      throw new GatewayError('REQUEST_INVALID', `Expected a release for ${path} but received ${known}`);
    }
    digest = `sha256:${revoked.hashes.sha256}`;
    return { roles: new Map([[role, next({ ...body, targets })]]) };
  });
  await rm(join(repository.folder, targetFilePath(path, digest)), { force: true });
}

/**
 * Takes a key, named by its id or the first 8 digits of it, out of every role that it signs for; what it has
 * signed is signed again by those that remain.
 * @throws REQUEST_INVALID, REPOSITORY_INVALID, KEY_UNAVAILABLE
 */
export async function revokeKey(repository: Repository, id: string): Promise<void> {
  await edit(repository, (state) => withoutKey(state, id));
}
