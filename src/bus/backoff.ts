/**
 * The wait before attempt number `attempt` (from 0), ms: twice as long each time up to `maxMs`, the upper half
 * of it at random, so that a restarted broker does not meet all its clients at once ("equal jitter", M. Brooker,
 * "Exponential Backoff And Jitter", 2015).
 */
export function backoffMs(
  attempt: number,
  { minMs, maxMs }: { minMs: number; maxMs: number },
  random: () => number = Math.random,
): number {
  const ceiling = Math.min(maxMs, minMs * 2 ** (attempt + 1));
  const floor = Math.min(ceiling, Math.max(minMs, ceiling / 2));
  return Math.round(floor + random() * (ceiling - floor));
}
