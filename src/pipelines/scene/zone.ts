import { contains, footOf, type Polygon } from './polygon.ts';
import type { Track } from './tracker.ts';

export interface ZoneState {
  readonly occupied: boolean;
  readonly count: number;
  /** How long the one who has been in it longest has been there, s. */
  readonly dwellS: number;
}

export interface Passage {
  readonly type: 'entered' | 'left';
  readonly track: Track;
  /** How long it was there, s; 0 when it enters. */
  readonly dwellS: number;
}

/** Who is in one part of the picture, or in all of it. */
export class Zone {
  /** `undefined`: the whole picture. */
  readonly #corners: Polygon | undefined;
  readonly #offDelayMs: number;
  readonly #inside = new Map<number, { track: Track; since: number }>();
  #lastInsideAt = Number.NEGATIVE_INFINITY;

  constructor(options: { corners?: Polygon; offDelayMs: number }) {
    this.#corners = options.corners;
    this.#offDelayMs = options.offDelayMs;
  }

  has(track: Track): boolean {
    return !this.#corners || contains(this.#corners, footOf(track.box));
  }

  /** Takes the confirmed tracks of now; returns who came and who went. */
  update(tracks: readonly Track[], now: number): Passage[] {
    const passages: Passage[] = [];
    const present = new Map(tracks.filter((track) => this.has(track)).map((track) => [track.id, track]));
    for (const [id, { track, since }] of this.#inside) {
      if (present.has(id)) continue;
      this.#inside.delete(id);
      passages.push({ type: 'left', track, dwellS: seconds(now - since) });
    }
    for (const [id, track] of present) {
      const known = this.#inside.get(id);
      if (!known) passages.push({ type: 'entered', track, dwellS: 0 });
      // Of the whole picture from its first sight on, which came before it counted.
      const since = known?.since ?? (this.#corners ? now : track.since);
      this.#inside.set(id, { track, since });
    }
    if (present.size > 0) this.#lastInsideAt = now;
    return passages;
  }

  state(now: number): ZoneState {
    const since = [...this.#inside.values()].map((each) => each.since);
    return {
      occupied: since.length > 0 || now - this.#lastInsideAt < this.#offDelayMs,
      count: since.length,
      dwellS: since.length > 0 ? seconds(now - Math.min(...since)) : 0,
    };
  }
}

function seconds(ms: number): number {
  return Math.round(ms / 1000);
}
