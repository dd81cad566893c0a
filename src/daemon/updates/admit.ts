import compareBuild from 'semver/functions/compare-build.js';
import { type Code, GatewayError } from '../../errors.ts';
import type { ModelRef } from '../../models/model.ts';
import type { Pointers } from '../../models/store/pointers.ts';
import type { Release } from '../../models/update/index.ts';
import { rolloutPosition } from './rollout.ts';
import type { UpdateRequest } from './update-request.ts';

/** Failures that say something of the version itself: it is not tried again. */
const telling: readonly Code[] = [
  'BUNDLE_INVALID',
  'MODEL_GOLDEN_MISMATCH',
  'MODEL_INCOMPATIBLE',
  'MODEL_SHADOW_MISMATCH',
  'MODEL_PROBATION_FAILED',
];

export function isTelling(code: Code): boolean {
  return telling.includes(code);
}

/**
 * Whether a request is meant for this gateway, before anybody is asked for a version.
 * @throws UPDATE_PINNED, UPDATE_NOT_SELECTED
 */
export function admitRequest(
  { rollout }: Pick<UpdateRequest, 'rollout'>,
  { gateway, model, pointers }: { gateway: string; model: string; pointers: Pointers },
): void {
  const { pinned } = pointers;
  if (pinned) throw refuse('UPDATE_PINNED', `no update of ${model}, pinned to ${pinned.version},`, 'one');
  const position = rolloutPosition(gateway, model);
  if (position >= rollout) {
    throw refuse('UPDATE_NOT_SELECTED', `a rollout above ${position.toFixed(2)} %`, `${rollout} %`);
  }
}

/** @throws UPDATE_PINNED */
export function admitRollback({ pinned }: Pointers): void {
  if (pinned) throw refuse('UPDATE_PINNED', 'a version that is not pinned', pinned.version);
}

/**
 * Whether a release may replace what runs.
 * @throws UPDATE_OLDER, UPDATE_REFUSED, UPDATE_NO_MEMORY
 */
export function admitRelease(
  release: Release,
  {
    installed,
    pointers,
    request,
  }: {
    installed: ModelRef | undefined;
    pointers: Pointers;
    request: Pick<UpdateRequest, 'retry' | 'minFreeBytes'>;
  },
): void {
  if (installed && compareBuild(release.version, installed.version) <= 0) {
    throw refuse('UPDATE_OLDER', `a version above ${installed.version}`, release.version);
  }
  const refused = pointers.refused.find(({ digest }) => digest === release.digest);
  if (refused && !request.retry) {
    const { code, reason, at } = refused;
    throw new GatewayError(
      'UPDATE_REFUSED',
      `Expected a version that has not disappointed but received ${release.version}, refused on ${at} with ${code}: ${reason}`,
    );
  }
  const free = process.availableMemory();
  if (free < request.minFreeBytes) {
    throw refuse('UPDATE_NO_MEMORY', `${request.minFreeBytes} bytes of free memory`, `${free}`);
  }
}

function refuse(code: Code, expected: string, received: string): GatewayError {
  return new GatewayError(code, `Expected ${expected} but received ${received}`);
}
