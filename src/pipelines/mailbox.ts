import type { GatewayError } from '../errors.ts';
import type { Frame } from './frame.ts';

/** A frame on its way through a pipeline. */
export interface Job {
  readonly frame: Frame;
  /** Why the frame is none: its verdict is settled already. */
  readonly error?: GatewayError;
  /** Its sender waits for the acknowledgement, which holds further frames back: it is never dropped as too many. */
  readonly held?: boolean;
  /** Settles what waits for the frame, whatever became of it. */
  readonly settle: () => void;
}

interface Lane {
  readonly waiting: Job[];
  active: number;
}

export interface MailboxOptions {
  /** Jobs taken and not yet done, over all sources. */
  readonly maxActive: number;
  /** The same for each source. */
  readonly maxActivePerSource: number;
  /** Jobs that wait for each source, those held not counted as too many. */
  readonly maxWaiting: number;
  /** Who goes when a lane is full: the one that waits longest, or the one that comes. */
  readonly overflow: 'oldest' | 'newest';
}

/**
 * Frames that wait for a pipeline, a lane a source. Sources take turns, so that a fast camera cannot
 * starve a slow one.
 */
export class Mailbox {
  readonly #options: MailboxOptions;
  readonly #lanes = new Map<string, Lane>();
  /** Sources with a frame that could be taken but for `maxActive`, in turn. */
  readonly #ready = new Set<string>();
  #active = 0;
  #waiting = 0;

  constructor(options: MailboxOptions) {
    this.#options = options;
  }

  get active(): number {
    return this.#active;
  }

  get waiting(): number {
    return this.#waiting;
  }

  /** Puts a job in its lane and returns the job that had to go for it, maybe this one. */
  offer(job: Job): Job | undefined {
    const lane = this.#lane(job.frame.source);
    let dropped: Job | undefined;
    const { maxWaiting, overflow } = this.#options;
    if (lane.waiting.length >= maxWaiting && !(job.held && overflow === 'newest')) {
      if (overflow === 'newest') return job;
      dropped = lane.waiting.shift();
      this.#waiting--;
    }
    lane.waiting.push(job);
    this.#waiting++;
    this.#mark(job.frame.source, lane);
    return dropped;
  }

  /** The next job by turn, or `undefined` while none may run. Call `done` when it is finished. */
  take(): Job | undefined {
    if (this.#active >= this.#options.maxActive) return undefined;
    const [source] = this.#ready;
    if (source === undefined) return undefined;
    this.#ready.delete(source);
    const lane = this.#lane(source);
    const job = lane.waiting.shift();
    if (job === undefined) return undefined;
    this.#waiting--;
    this.#active++;
    lane.active++;
    this.#mark(source, lane);
    return job;
  }

  done(job: Job): void {
    const { source } = job.frame;
    const lane = this.#lane(source);
    this.#active--;
    lane.active--;
    this.#mark(source, lane);
    if (lane.active === 0 && lane.waiting.length === 0) this.#lanes.delete(source);
  }

  #lane(source: string): Lane {
    let lane = this.#lanes.get(source);
    if (!lane) {
      lane = { waiting: [], active: 0 };
      this.#lanes.set(source, lane);
    }
    return lane;
  }

  #mark(source: string, lane: Lane): void {
    if (lane.waiting.length > 0 && lane.active < this.#options.maxActivePerSource) this.#ready.add(source);
  }
}
