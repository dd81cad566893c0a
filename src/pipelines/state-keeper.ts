import type { Json, JsonObject } from './contract.ts';

interface Kept {
  /** The state with its numbers left out. */
  shape: string;
  text: string;
  state: JsonObject;
  since: number;
  updated: number;
  /** `performance.now()`: a clock that is set back must not hold a state up. */
  publishedAt: number;
  publishedText: string;
  timer: NodeJS.Timeout | undefined;
}

/** A change is told at once, but no source tells more often than this, ms. */
const changeMs = 200;
/** A number that drifts is told at most this often, ms. */
const driftMs = 1_000;
/** A state that stays is told again this often, so that its `updated` shows that frames still come. */
const refreshMs = 30_000;

/**
 * What each source's retained state is, and when it is worth a message. With anything but a number `since`
 * begins anew. A broker writes what is retained to its disk: neither a score that drifts nor a class that
 * flickers may do that for every frame, but the last word is always told.
 */
export class StateKeeper {
  readonly #kept = new Map<string, Kept>();
  readonly #publish: (source: string, body: JsonObject) => void;

  constructor(publish: (source: string, body: JsonObject) => void) {
    this.#publish = publish;
  }

  /** Returns whether the state changed in anything but a number. */
  note(source: string, state: JsonObject): boolean {
    const now = Date.now();
    const shape = JSON.stringify(state, (_key, value: Json) => (typeof value === 'number' ? 0 : value));
    const kept = this.#kept.get(source) ?? unknown(now);
    this.#kept.set(source, kept);
    const changed = kept.shape !== shape;
    if (changed) kept.since = now;
    Object.assign(kept, { shape, state, text: JSON.stringify(state), updated: now });
    const stale = kept.text !== kept.publishedText;
    const wait = kept.publishedAt + (changed ? changeMs : stale ? driftMs : refreshMs) - performance.now();
    if (wait <= 0) {
      this.#tell(source, kept);
      return changed;
    }
    // A change must not wait for as long as a drift that was noted before it.
    if (changed) this.#forgetTimer(kept);
    if (stale) kept.timer ??= setTimeout(() => this.#tell(source, kept), wait).unref();
    return changed;
  }

  /** Tells what waits. */
  close(): void {
    for (const [source, kept] of this.#kept) if (kept.timer) this.#tell(source, kept);
  }

  #forgetTimer(kept: Kept): void {
    clearTimeout(kept.timer);
    kept.timer = undefined;
  }

  #tell(source: string, kept: Kept): void {
    this.#forgetTimer(kept);
    kept.publishedAt = performance.now();
    kept.publishedText = kept.text;
    const { since, updated } = kept;
    this.#publish(source, { ...kept.state, since: iso(since), updated: iso(updated) });
  }
}

function unknown(now: number): Kept {
  const never = Number.NEGATIVE_INFINITY;
  return {
    shape: '',
    text: '',
    state: {},
    since: now,
    updated: now,
    publishedAt: never,
    publishedText: '',
    timer: undefined,
  };
}

function iso(time: number): string {
  return new Date(time).toISOString();
}
