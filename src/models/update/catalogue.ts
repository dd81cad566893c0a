import compareBuild from 'semver/functions/compare-build.js';
import isBelow from 'semver/functions/lt.js';
import { GatewayError } from '../../errors.ts';
import { version as edgeward } from '../../version.ts';
import { refusal } from './failure.ts';
import { roleOf } from './layout.ts';
import { loadTargets, type Source } from './refresh.ts';
import { type Channel, type Release, releaseOf } from './release.ts';
import type { TrustedSet } from './trusted-set.ts';

interface Query {
  readonly model: string;
  /** Exactly this one. Without it the newest of the channel that this edgeward can run. */
  readonly version?: string;
  /** `beta` is every release, `stable` (the default) only those that were released as such. */
  readonly channel?: Channel;
}

/** What a repository offers, as of one refresh; every word of it is signed. */
export interface Catalogue {
  /**
   * @throws UPDATE_NOT_FOUND, BUNDLE_UNSUPPORTED if only a newer edgeward can run it, and what `refresh` throws.
   */
  find(query: Query, signal: AbortSignal): Promise<Release>;
  /**
   * All releases of a model, the newest first. One that is gone has been revoked.
   * @throws UPDATE_NOT_FOUND if the repository knows no such model, and what `refresh` throws.
   */
  releases(model: string, signal: AbortSignal): Promise<readonly Release[]>;
}

export function catalogueOf(trusted: TrustedSet, source: Source): Catalogue {
  const releases = async (model: string, signal: AbortSignal): Promise<readonly Release[]> => {
    const role = roleOf(model);
    const delegations = trusted.targets?.signed.delegations?.roles ?? {};
    const delegation = Object.hasOwn(delegations, role) ? delegations[role] : undefined;
    if (delegation === undefined) {
      const known = Object.keys(delegations).join(', ') || 'none';
      throw refusal('UPDATE_NOT_FOUND', {
        expected: `role ${role}`,
        what: `model ${model}`,
        received: known,
      });
    }
    // Delegated, and nothing released yet.
    if (trusted.snapshot?.signed.meta[`${role}.json`] === undefined) return [];
    const { signed } = await loadTargets(trusted, source, { role, parent: 'targets', signal });
    // A role may speak of the paths that were delegated to it, and of no others.
    return Object.values(signed.targets)
      .filter(({ path }) => delegation.isDelegatedPath(path))
      .flatMap((target) => releaseOf(model, target) ?? [])
      .sort((a, b) => compareBuild(b.version, a.version));
  };

  return {
    releases,
    async find({ model, version, channel = 'stable' }, signal) {
      const all = await releases(model, signal);
      const wanted = all.filter((release) =>
        version === undefined
          ? channel === 'beta' || release.channel === 'stable'
          : release.version === version,
      );
      const found = wanted.find(isSupported);
      if (found !== undefined) return found;
      const [newest] = wanted;
      if (newest !== undefined) throw unsupported(newest);
      throw refusal('UPDATE_NOT_FOUND', {
        expected: version === undefined ? `a release in channel ${channel}` : `version ${version}`,
        what: `model ${model}`,
        received: all.map((release) => `${release.version} (${release.channel})`).join(', ') || 'none',
      });
    },
  };
}

function isSupported({ minEdgeward }: Release): boolean {
  return minEdgeward === undefined || !isBelow(edgeward, minEdgeward);
}

function unsupported({ model, version, minEdgeward }: Release): GatewayError {
  return new GatewayError(
    'BUNDLE_UNSUPPORTED',
    `Expected edgeward ${minEdgeward} or newer for ${model} ${version} but received ${edgeward}`,
  );
}
