import { setTimeout as sleep } from 'node:timers/promises';
import { refusal } from './failure.ts';

/** How fast a repository must and may send. */
export interface Pace {
  /** Average that a transfer may reach, so that it leaves room for frames on the same line; bytes/s. */
  readonly maxBytesPerSecond: number;
  /** Average over `windowMs` below which the sender is given up; bytes/s. */
  readonly minBytesPerSecond: number;
  readonly windowMs: number;
}

export interface Watch {
  /** Aborts when the caller's does, and when the sender is too slow. */
  readonly signal: AbortSignal;
  /** To be called with the size of every chunk; resolves when the next may be read. */
  received(bytes: number): Promise<void>;
}

/**
 * Runs a transfer that keeps the pace.
 * @throws UPDATE_TOO_SLOW
 */
export async function keepPace<T>(
  { maxBytesPerSecond, minBytesPerSecond, windowMs }: Pace,
  { what, signal }: { readonly what: string; readonly signal: AbortSignal },
  transfer: (watch: Watch) => Promise<T>,
): Promise<T> {
  const watchdog = new AbortController();
  const floor = Math.ceil((minBytesPerSecond * windowMs) / 1000);
  let bytesInWindow = 0;
  let heldBack = false;
  const timer = setInterval(() => {
    if (bytesInWindow < floor && !heldBack) {
      const received = `${bytesInWindow} in ${windowMs} ms`;
      watchdog.abort(refusal('UPDATE_TOO_SLOW', { expected: `at least ${floor} bytes`, what, received }));
    }
    bytesInWindow = 0;
  }, windowMs);
  timer.unref();

  const both = AbortSignal.any([signal, watchdog.signal]);
  const began = performance.now();
  let total = 0;
  const received = async (bytes: number): Promise<void> => {
    bytesInWindow += bytes;
    total += bytes;
    const early = (total / maxBytesPerSecond) * 1000 - (performance.now() - began);
    if (early < 1) return;
    // The sender is not to blame for a wait of ours.
    heldBack = true;
    await sleep(early, undefined, { signal: both });
    heldBack = false;
    bytesInWindow = floor;
  };

  try {
    both.throwIfAborted();
    return await transfer({ signal: both, received });
  } catch (error) {
    throw both.aborted ? both.reason : error;
  } finally {
    clearInterval(timer);
    // Whatever is left of the connection.
    watchdog.abort();
  }
}
