import { type Box, overlap } from '../../image.ts';
import type { Detection } from '../../models/model.ts';
import { Mover } from './mover.ts';

/** One thing that is followed from picture to picture. */
export interface Track {
  readonly id: number;
  readonly label: string;
  readonly box: Box;
  /** Of the last detection. */
  readonly score: number;
  /** ms */
  readonly since: number;
  /** When it was last detected. */
  readonly seenAt: number;
  /** Seen often enough to be told of. */
  readonly confirmed: boolean;
}

export interface TrackerOptions {
  /** A detection of it begins a track. */
  readonly minScore: number;
  /** A track counts when it has lasted so long and was seen twice, ms. */
  readonly confirmMs: number;
  /** A track ends when nobody has seen it for so long, ms. */
  readonly lostMs: number;
}

interface Kept {
  readonly id: number;
  readonly label: string;
  readonly mover: Mover;
  readonly since: number;
  score: number;
  seenAt: number;
  /** The first look that missed it; `undefined` while it is seen. */
  missedAt: number | undefined;
  seen: number;
  confirmed: boolean;
}

/** Least overlap (IoU) of a detection with where its track should be: for good detections, and for poor ones. */
const overlaps = { good: 0.2, poor: 0.4 };
/** Below this share of the least score of a good detection there is nothing to go on with. */
const poorest = 0.5;
/** Tracks of one source at once: a bound against pictures that are all noise. */
const mostTracks = 100;

/**
 * Follows detections. As in ByteTrack (Zhang et al., 2022) good detections find their tracks first, then poor
 * ones, which are rather somebody half hidden than nobody, may continue a track but never begin one.
 */
export class Tracker {
  readonly #options: TrackerOptions;
  #tracks: Kept[] = [];
  #lastId = 0;

  constructor(options: TrackerOptions) {
    this.#options = options;
  }

  get tracks(): Track[] {
    return this.#tracks.map(told);
  }

  /** Takes what a look found. Returns the tracks that ended with it. */
  update(detections: readonly Detection[], now: number): Track[] {
    const { minScore } = this.#options;
    const good = detections.filter(({ score }) => score >= minScore);
    const poor = detections.filter(({ score }) => score < minScore && score >= minScore * poorest);
    const open = new Set(this.#tracks);
    const unmatched = this.#match(open, good, overlaps.good, now);
    this.#match(open, poor, overlaps.poor, now);
    for (const track of open) track.missedAt ??= now;
    const ended = this.#tracks.filter((track) => this.#isLost(track, now));
    this.#tracks = this.#tracks.filter((track) => !ended.includes(track));
    for (const detection of unmatched.slice(0, mostTracks - this.#tracks.length)) this.#begin(detection, now);
    return ended.map(told);
  }

  /** Pairs the best overlaps first. Returns the detections that found no track. */
  #match(open: Set<Kept>, detections: readonly Detection[], least: number, now: number): Detection[] {
    const pairs = [...open].flatMap((track) => {
      const expected = track.mover.at(now);
      return detections.flatMap((detection) => {
        const shared = detection.label === track.label ? overlap(expected, detection.box) : 0;
        return shared >= least ? [{ track, detection, shared }] : [];
      });
    });
    const left = new Set(detections);
    for (const { track, detection } of pairs.sort((a, b) => b.shared - a.shared)) {
      if (!open.has(track) || !left.has(detection)) continue;
      open.delete(track);
      left.delete(detection);
      this.#continue(track, detection, now);
    }
    return [...left];
  }

  #continue(track: Kept, { box, score }: Detection, now: number): void {
    track.mover.see(box, now);
    Object.assign(track, { score, seenAt: now, missedAt: undefined, seen: track.seen + 1 });
    track.confirmed ||= track.seen >= 2 && now - track.since >= this.#options.confirmMs;
  }

  #begin({ label, box, score }: Detection, now: number): void {
    const mover = new Mover(box, now);
    const confirmed = this.#options.confirmMs === 0;
    const seen = { score, seenAt: now, missedAt: undefined, seen: 1, confirmed };
    this.#tracks.push({ id: ++this.#lastId, label, mover, since: now, ...seen });
  }

  /** What was seen only once is given up at the first look that misses it. */
  #isLost({ missedAt, confirmed }: Kept, now: number): boolean {
    return missedAt !== undefined && (now - missedAt >= this.#options.lostMs || !confirmed);
  }
}

function told({ id, label, mover, score, since, seenAt, confirmed }: Kept): Track {
  return { id, label, box: mover.box, score, since, seenAt, confirmed };
}
