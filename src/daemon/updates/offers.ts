import { basename } from 'node:path';
import { GatewayError } from '../../errors.ts';
import type { ModelRepository, Release } from '../../models/update/index.ts';
import type { Repositories } from './repositories.ts';
import type { UpdateRequest } from './update-request.ts';

/** A release and where to get it. */
export interface Offer {
  readonly release: Release;
  readonly repository: ModelRepository;
}

/**
 * The release that a request means: the bundle that `from` names, or the version, or the newest of the channel.
 * @param model its name in the repository.
 * @throws UPDATE_UNAVAILABLE, UPDATE_NOT_FOUND, BUNDLE_UNSUPPORTED, and what a refresh throws.
 */
export async function findOffer(
  repositories: Repositories,
  model: string,
  { from, version, channel }: Pick<UpdateRequest, 'from' | 'version' | 'channel'>,
  signal: AbortSignal,
): Promise<Offer> {
  const repository = await repositories.find(from);
  const catalogue = await repository.refresh(signal);
  const digest = from === undefined ? undefined : digestIn(from);
  if (digest === undefined) {
    const query = { model, channel, ...(version === undefined ? {} : { version }) };
    return { repository, release: await catalogue.find(query, signal) };
  }
  const release = (await catalogue.releases(model, signal)).find((each) => each.digest === digest);
  if (release) return { repository, release };
  throw new GatewayError(
    'UPDATE_NOT_FOUND',
    `Expected a release of ${model} for ${from} but received ${digest}`,
  );
}

/** Bundles lie in a repository under their digest, `<64 hexadecimal digits>.<name>.bundle`. */
function digestIn(from: string): string | undefined {
  const [, hex] = /^([0-9a-f]{64})\..+\.bundle$/.exec(basename(from)) ?? [];
  return hex && `sha256:${hex}`;
}
