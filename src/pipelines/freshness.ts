import { GatewayError } from '../errors.ts';
import type { Frame } from './frame.ts';

/**
 * Refuses a frame that is older than `maxAgeMs`; `null` is any age. A frame is as old as its sender says, but at
 * least as old as it has waited here: a clock that runs ahead of ours makes no frame younger than that.
 * @throws FRAME_STALE
 */
export function checkFresh({ capturedAt, receivedAt }: Frame, maxAgeMs: number | null, now: number): void {
  if (maxAgeMs === null) return;
  const age = now - Math.min(receivedAt, capturedAt ?? receivedAt);
  if (age <= maxAgeMs) return;
  throw new GatewayError(
    'FRAME_STALE',
    `Expected a frame of at most ${maxAgeMs} ms but received one of ${Math.round(age)} ms`,
  );
}
