import isAbove from 'semver/functions/gt.js';
import type { BundleFile } from '../instance-group.ts';
import type { ModelRef } from '../model.ts';
import { isOnTrial, type Pointers } from './pointers.ts';

/** The bundle that the configuration names. */
export interface Shipped {
  readonly path: string;
  readonly name: string;
  readonly version: string;
}

/** Starts that a version on trial may have without passing its probation: then something ends the gateway. */
const maxTrialBoots = 3;

/** The version on trial was there at every one of several starts, and none lasted. */
export function isCrashLoop(pointers: Pointers): boolean {
  return isOnTrial(pointers) && pointers.trialBoots >= maxTrialBoots;
}

/**
 * What to start, each if the one before cannot be. First what ran last; after a crash loop the last version that
 * passed its probation. The shipped one comes first only if it is newer, as after an upgrade of the gateway, and
 * last in any case.
 * @param stored the bundles of the store, by digest.
 */
export function bootOrder(
  pointers: Pointers,
  shipped: Shipped | undefined,
  stored: ReadonlyMap<string, string>,
): BundleFile[] {
  const last = shipped ? [{ path: shipped.path }] : [];
  const { active, confirmed, previous, pinned } = pointers;
  // The entry of the configuration has another model now.
  if (shipped && active && active.name !== shipped.name) return last;
  const wanted = isCrashLoop(pointers) ? [confirmed, previous] : [active, confirmed, previous];
  const files = wanted.flatMap((ref) => fileOf(ref, stored) ?? []);
  const unique = files.filter(({ digest }, i) => files.findIndex((each) => each.digest === digest) === i);
  const isUpgrade = shipped && active && !pinned && isAbove(shipped.version, active.version);
  return isUpgrade ? [...last, ...unique] : [...unique, ...last];
}

function fileOf(ref: ModelRef | undefined, stored: ReadonlyMap<string, string>): BundleFile | undefined {
  const path = ref && stored.get(ref.digest);
  return ref && path !== undefined ? { path, digest: ref.digest } : undefined;
}
