import { createHash } from 'node:crypto';

/**
 * Where a gateway stands in the rollouts of a model, in [0, 100): a rollout of so many per cent includes those
 * below. It stays the same, so that a rollout that grows takes more gateways in and lets none go.
 */
export function rolloutPosition(gateway: string, model: string): number {
  const digest = createHash('sha256')
    .update(JSON.stringify([gateway, model]))
    .digest();
  return (digest.readUInt32BE(0) / 2 ** 32) * 100;
}
