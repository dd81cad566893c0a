import type { Json, JsonObject } from './contract.ts';

interface Kept {
  readonly shape: string;
  readonly text: string;
  readonly since: number;
  readonly publishedAt: number;
}

/** A number that drifts is told at most this often, ms. */
const driftMs = 1_000;
/** A state that stays is told again this often, so that its `updated` shows that frames still come. */
const refreshMs = 30_000;

/**
 * What each source's retained state is, and when it is worth a message: at once when anything but a number
 * changes; then `since` begins anew. A score that only drifts must not write a broker's disk for every frame.
 */
export class StateKeeper {
  readonly #kept = new Map<string, Kept>();

  /** The body to publish, with `since` and `updated` (ISO 8601), or none. */
  next(source: string, state: JsonObject, now: number): { body?: JsonObject; changed: boolean } {
    const last = this.#kept.get(source);
    const shape = JSON.stringify(state, (_key, value: Json) => (typeof value === 'number' ? 0 : value));
    const text = JSON.stringify(state);
    const age = last ? now - last.publishedAt : Number.POSITIVE_INFINITY;
    const changed = shape !== last?.shape;
    const due = changed || (text !== last?.text && age >= driftMs) || age >= refreshMs;
    if (!due) return { changed };
    const since = changed ? now : (last?.since ?? now);
    this.#kept.set(source, { shape, text, since, publishedAt: now });
    const body = { ...state, since: new Date(since).toISOString(), updated: new Date(now).toISOString() };
    return { body, changed };
  }
}
