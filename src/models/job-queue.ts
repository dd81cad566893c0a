import type { Image } from '../image.ts';
import type { Mark, Outputs, Tensors, Thumbnail } from './model.ts';

/** A call that waits for a process, or for its answer. */
export type Job = InferJob | AnnotateJob | ThumbnailJob;

interface InferJob extends JobState {
  readonly kind: 'infer';
  readonly input: Image | Tensors;
  readonly done: (outputs: Outputs) => void;
}

interface AnnotateJob extends JobState {
  readonly kind: 'annotate';
  readonly image: Image;
  readonly marks: readonly Mark[];
  readonly done: (jpeg: Uint8Array) => void;
}

interface ThumbnailJob extends JobState {
  readonly kind: 'thumbnail';
  readonly image: Image;
  readonly done: (thumbnail: Thumbnail) => void;
}

export interface JobState {
  readonly fail: (error: unknown) => void;
  /** When the call came, `performance.now()`. */
  readonly arrivedAt: number;
  /** From when its wait is counted: later than `arrivedAt` if a process was lost meanwhile. */
  waitingSince: number;
  /** Processes that ended, and batches that failed, while it was in work. */
  failures: number;
  /** The caller has its answer, or has gone. */
  settled: boolean;
}

/**
 * What waits for a model, in a lane for each kind, so that a picture to draw does not break a batch. First come, first
 * served. A job that is tried again stands at the head and runs alone: if it is what ended the process, it
 * takes nobody with it.
 */
export class JobQueue {
  readonly #lanes: Readonly<Record<Job['kind'], Job[]>> = { infer: [], annotate: [], thumbnail: [] };

  get length(): number {
    const { infer, annotate, thumbnail } = this.#lanes;
    return infer.length + annotate.length + thumbnail.length;
  }

  waiting(kind: Job['kind']): number {
    return this.#lanes[kind].length;
  }

  /** The job whose turn it is. */
  get head(): Job | undefined {
    return this.#next()[0];
  }

  /** Since when the job that has waited longest has waited. */
  get waitingSince(): number | undefined {
    const times = Object.values(this.#lanes).flatMap((lane) => lane.map((job) => job.waitingSince));
    return times.length > 0 ? times.reduce((a, b) => Math.min(a, b)) : undefined;
  }

  push(job: Job): void {
    this.#lanes[job.kind].push(job);
  }

  /** Put back at the head, in their order. */
  putBack(jobs: readonly Job[]): void {
    for (const job of jobs.toReversed()) this.#lanes[job.kind].unshift(job);
  }

  /** All that wait begin to do so now. */
  renew(now: number): void {
    for (const lane of Object.values(this.#lanes)) for (const job of lane) job.waitingSince = now;
  }

  remove(job: Job): void {
    const lane = this.#lanes[job.kind];
    const at = lane.indexOf(job);
    if (at >= 0) lane.splice(at, 1);
  }

  /** How many jobs the head's batch would have if it may have `limit`. */
  batchSize(limit: number): number {
    const lane = this.#next();
    if (!lane[0] || runsAlone(lane[0])) return Math.min(1, lane.length);
    const end = lane.findIndex((job, i) => i >= limit || runsAlone(job));
    return end < 0 ? lane.length : end;
  }

  take(limit: number): Job[] {
    return this.#next().splice(0, this.batchSize(limit));
  }

  /** Remove and return those that began to wait before `time`. */
  takeExpired(time: number): Job[] {
    const expired = Object.values(this.#lanes).flatMap((lane) =>
      lane.filter(({ waitingSince }) => waitingSince <= time),
    );
    for (const job of expired) this.remove(job);
    return expired;
  }

  /** The lane whose first has come before those of the others. */
  #next(): Job[] {
    const { infer, annotate, thumbnail } = this.#lanes;
    return earlier(infer, earlier(annotate, thumbnail));
  }
}

function earlier(one: Job[], other: Job[]): Job[] {
  const [[first], [second]] = [one, other];
  if (!first || !second) return first ? one : other;
  return second.arrivedAt < first.arrivedAt ? other : one;
}

export function runsAlone(job: Job): boolean {
  return job.kind === 'annotate' || job.failures > 0;
}
