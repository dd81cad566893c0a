import type { Image } from '../../image.ts';
import type { ClassScore, Detection, Model } from '../../models/model.ts';
import { Motion } from './motion.ts';
import type { SceneOptions } from './options.ts';
import { contains, footOf } from './polygon.ts';
import { SteadyTime } from './steady-time.ts';
import { type Track, Tracker } from './tracker.ts';
import { type Passage, Zone, type ZoneState } from './zone.ts';

/** What a source shows now. */
export interface Sight {
  /** Whether the detector was asked, and not only the motion gate. */
  readonly looked: boolean;
  /** Share of the picture that moved when the gate was last asked; `null` without a gate. */
  readonly motion: number | null;
  /** Something that counts was seen so poorly at this look that the net may well be wrong. */
  readonly doubtful: boolean;
  /** Those that count. */
  readonly tracks: readonly Track[];
  readonly whole: ZoneState;
  readonly zones: Readonly<Record<string, ZoneState>>;
  /** Of the whole picture, then of each zone. */
  readonly passages: readonly (Passage & { readonly zone?: string })[];
}

const fallbackScore = 0.4;

/** One source: gate, detector, tracker and zones. One frame at a time. */
export class Scene {
  readonly #options: SceneOptions;
  readonly #motion: Motion;
  readonly #whole: Zone;
  readonly #zones: readonly (readonly [string, Zone])[];
  readonly #time = new SteadyTime();
  #tracker: Tracker | undefined;
  #lookedAt = Number.NEGATIVE_INFINITY;
  /** When the gate was last asked, and what it said. */
  #checkedAt = Number.NEGATIVE_INFINITY;
  #share: number | null = null;
  #moves = false;
  /** Something moved since the last look. */
  #unsettled = true;

  constructor(options: SceneOptions) {
    this.#options = options;
    const { threshold, minShare } = options.motion;
    const { masks, offDelayMs } = options;
    this.#motion = new Motion({ threshold, minShare, masks });
    this.#whole = new Zone({ offDelayMs });
    this.#zones = Object.entries(options.zones).map(([name, corners]) => [
      name,
      new Zone({ corners, offDelayMs }),
    ]);
  }

  /** @throws as `Model.infer` */
  async see(image: Image, detector: Model, receivedAt: number): Promise<Sight> {
    const now = this.#time.at(receivedAt);
    const motion = await this.#noteMotion(image, detector, now);
    const looked = this.#isDue(now);
    if (looked) {
      this.#lookedAt = now;
      this.#unsettled = false;
      const { detections, classes = [] } = await detector.infer(image);
      this.#trackerFor(detector).update(this.#wanted(detections ?? classes.map(everywhere)), now);
    }
    const tracks = (this.#tracker?.tracks ?? []).filter(({ confirmed }) => confirmed);
    const named = this.#zones.map(([zone, each]) => ({ zone, passages: each.update(tracks, now) }));
    return {
      looked,
      motion,
      doubtful: looked && tracks.some((track) => track.seenAt === now && this.#isDoubtful(track, detector)),
      tracks,
      passages: [
        ...this.#whole.update(tracks, now),
        ...named.flatMap(({ zone, passages }) => passages.map((passage) => ({ ...passage, zone }))),
      ],
      whole: this.#whole.state(now),
      zones: Object.fromEntries(this.#zones.map(([name, zone]) => [name, zone.state(now)])),
    };
  }

  zonesOf(track: Track): string[] {
    return this.#zones.flatMap(([name, zone]) => (zone.has(track) ? [name] : []));
  }

  /**
   * Between two looks that may follow each other there is nothing that motion could bring about. Its end calls for
   * a look too: before a background that never took in who came, the picture without them shows no motion.
   */
  async #noteMotion(image: Image, detector: Model, now: number): Promise<number | null> {
    const { motion, detectEveryMs } = this.#options;
    if (!motion.enabled) {
      this.#unsettled = true;
      return null;
    }
    if (now - this.#checkedAt < detectEveryMs) return this.#share;
    this.#checkedAt = now;
    const { share, moves } = this.#motion.note(await detector.thumbnail(image), now);
    this.#share = share;
    this.#unsettled ||= moves || this.#moves;
    this.#moves = moves;
    return share;
  }

  /** A track that is not yet sure, or not seen at the last look, needs another look whatever moves. */
  #isDue(now: number): boolean {
    const { detectEveryMs, recheckMs } = this.#options;
    const passed = now - this.#lookedAt;
    const open = this.#tracker?.tracks.some((track) => !track.confirmed || track.seenAt < this.#lookedAt);
    return passed >= recheckMs || (passed >= detectEveryMs && (this.#unsettled || open === true));
  }

  #trackerFor(detector: Model): Tracker {
    const { onDelayMs, lostMs } = this.#options;
    this.#tracker ??= new Tracker({
      minScore: this.#minScore(detector),
      confirmMs: onDelayMs,
      lostMs,
    });
    return this.#tracker;
  }

  #minScore({ manifest }: Model): number {
    return this.#options.minScore ?? manifest?.thresholds?.score ?? fallbackScore;
  }

  /** Also what goes on by a detection too poor to begin with. */
  #isDoubtful({ score }: Track, detector: Model): boolean {
    const { sampleNearThreshold } = this.#options;
    return sampleNearThreshold > 0 && score < this.#minScore(detector) + sampleNearThreshold;
  }

  #wanted(detections: readonly Detection[]): Detection[] {
    const { classes, minArea, masks } = this.#options;
    return detections.filter(
      ({ label, box }) =>
        (classes.length === 0 || classes.includes(label)) &&
        box.width * box.height >= minArea &&
        !masks.some((mask) => contains(mask, footOf(box))),
    );
  }
}

/** What a classifier says is somewhere in the picture: nobody knows where, nor how many. */
function everywhere({ label, index, score }: ClassScore): Detection {
  return { label, index, score, box: { x: 0, y: 0, width: 1, height: 1 } };
}
