import type { Image } from '../../image.ts';
import type { Model } from '../../models/model.ts';
import { SteadyTime } from '../scene/steady-time.ts';
import type { Track } from '../scene/tracker.ts';
import { type FaceModels, faceLimits, headOf, readFace } from './face.ts';
import type { Gallery } from './gallery.ts';
import { Identity, type Who } from './identity.ts';
import type { WhoOptions } from './options.ts';
import { renewGallery } from './renew.ts';

/** A picture in which a track showed its face, for enrolling whom it shows. */
interface Portrait {
  readonly image: Image;
  readonly score: number;
}

interface Known {
  identity: Identity;
  /** Of the bundle that its faces are numbers of. */
  digest: string;
  readonly portraits: Portrait[];
  who: Who;
  askedAt: number;
  /** It was seen when its turn had not come. */
  owed: boolean;
  /** Told once a track. */
  recognised: boolean;
}

const kept = { portraits: 3, tracks: 32 };
const fallback = { match: 0.6, margin: 0.03 };

/** Who the tracks of one source are. */
export class Recogniser {
  readonly #gallery: Gallery;
  readonly #options: WhoOptions;
  readonly #tracks = new Map<number, Known>();
  readonly #time = new SteadyTime();

  constructor(gallery: Gallery, options: WhoOptions) {
    this.#gallery = gallery;
    this.#options = options;
  }

  /** `no face` also for a track that nobody has looked at yet. */
  who(track: number): Who {
    return this.#tracks.get(track)?.who ?? { is: 'no face' };
  }

  /** Also in a still picture: who is not told from others yet, or moved when it was not its turn. */
  isOpen({ id }: Track): boolean {
    const known = this.#tracks.get(id);
    return known !== undefined && (known.owed || known.who.is === 'unsure');
  }

  /** Looks at the faces of tracks whose turn it is. */
  async look(image: Image, tracks: readonly Track[], models: FaceModels, receivedAt: number): Promise<void> {
    const now = this.#time.at(receivedAt);
    const due = tracks.filter((track) => {
      const known = this.#tracks.get(track.id);
      const isDue = !known || this.#isDue(known, now);
      if (known) known.owed = !isDue;
      return isDue;
    });
    await Promise.all(due.map((track) => this.#read(image, track, models, now)));
  }

  /** Those that are recognised and were not before. */
  recognised(tracks: readonly Track[]): Track[] {
    return tracks.filter((track) => {
      const known = this.#tracks.get(track.id);
      if (!known || known.recognised || known.who.is !== 'member') return false;
      known.recognised = true;
      return true;
    });
  }

  /** The best pictures of a track, also of one that has just gone. */
  portraits(track: number): readonly Image[] {
    return (this.#tracks.get(track)?.portraits ?? []).map(({ image }) => image);
  }

  /** Judges all anew: somebody was enrolled, renamed or forgotten. */
  rejudge({ embedder }: FaceModels): void {
    for (const known of this.#tracks.values()) {
      known.who = this.#judge(known, embedder);
      known.recognised &&= known.who.is === 'member';
    }
  }

  /** Who is known is asked again seldom: tracks may be mistaken for each other when people pass. */
  #isDue({ who, askedAt }: Known, now: number): boolean {
    const { everyMs, againMs } = this.#options;
    return now - askedAt >= (who.is === 'member' ? againMs : everyMs);
  }

  async #read(image: Image, track: Track, models: FaceModels, now: number): Promise<void> {
    const known = this.#known(track.id);
    known.askedAt = now;
    const head = image.crop(headOf(track.box));
    const limits = faceLimits(this.#options, models.face);
    const face = await readFace(head, models, limits);
    if (!face) return;
    await renewGallery(this.#gallery, face.digest, models, limits);
    if (known.digest !== face.digest) known.identity = new Identity();
    known.digest = face.digest;
    known.identity.add(face.embedding, face.score);
    known.who = this.#judge(known, models.embedder);
    known.portraits.push({ image: head, score: face.score });
    known.portraits.sort((a, b) => b.score - a.score).splice(kept.portraits);
  }

  #judge({ identity, digest }: Known, { manifest }: Model): Who {
    const { match, margin, minFaces } = this.#options;
    const { thresholds } = manifest ?? {};
    return identity.judge(this.#gallery.members(digest), {
      match: match ?? thresholds?.match ?? fallback.match,
      margin: margin ?? thresholds?.margin ?? fallback.margin,
      minFaces,
    });
  }

  #known(id: number): Known {
    const known = this.#tracks.get(id) ?? {
      identity: new Identity(),
      digest: '',
      portraits: [],
      who: { is: 'no face' } as const,
      askedAt: Number.NEGATIVE_INFINITY,
      owed: false,
      recognised: false,
    };
    this.#tracks.set(id, known);
    // Those that have gone stay a while, so that they can still be named.
    const [oldest] = this.#tracks.keys();
    if (this.#tracks.size > kept.tracks && oldest !== undefined) this.#tracks.delete(oldest);
    return known;
  }
}
