import type { ServingConfig } from '../config/types.ts';
import { GatewayError } from '../errors.ts';
import { type Job, JobQueue, runsAlone } from './job-queue.ts';

/** Where batches run. */
export interface Worker {
  /** It takes batches. */
  readonly ready: boolean;
  /** Batches that it has. */
  readonly depth: number;
  run(jobs: readonly Job[]): void;
}

export interface DispatcherOptions {
  readonly workers: () => readonly Worker[];
  readonly limits: Pick<ServingConfig, 'maxBatch' | 'maxDelayMs' | 'maxQueue' | 'timeoutMs'>;
}

/** While no process is up, those that wait do so for at least this long. */
const restartMs = 10_000;

/**
 * Decides which jobs run where, and when. An idle worker takes at once all that waits; while it is busy,
 * the next batch forms. A busy worker is handed a second batch ahead only if that is full: so a saturated
 * worker never waits for a message, and a lone frame never stands behind a half-empty batch.
 */
export class Dispatcher {
  readonly #queue = new JobQueue();
  readonly #options: DispatcherOptions;
  #scheduled = false;
  #delay: NodeJS.Timeout | undefined;
  #expiry: NodeJS.Timeout | undefined;

  constructor(options: DispatcherOptions) {
    this.#options = options;
  }

  /** Jobs that wait for a worker. */
  get length(): number {
    return this.#queue.length;
  }

  /**
   * Each kind has room of its own: pictures to draw, which nobody is owed, turn no frame away.
   * @throws MODEL_QUEUE_FULL
   */
  submit(job: Job): void {
    const { maxQueue } = this.#options.limits;
    if (this.#queue.waiting(job.kind) >= maxQueue) {
      throw new GatewayError(
        'MODEL_QUEUE_FULL',
        `Expected at most ${maxQueue} waiting inputs but received more`,
      );
    }
    this.#queue.push(job);
    this.#watchExpiry();
    if (this.#scheduled) return;
    // Frames that came in one read of a socket should share a batch: look once all of them are here.
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.dispatch();
    });
  }

  /** Jobs that a worker gave back untouched. They were accepted before and are not turned away now. */
  putBack(jobs: readonly Job[]): void {
    this.#queue.putBack(jobs.filter((job) => !job.settled));
    this.renew();
  }

  /** Jobs that came back without an answer: the first time they run again, the second time `error` is it. */
  retry(jobs: readonly Job[], error: GatewayError): void {
    for (const job of jobs) if (++job.failures > 1) job.fail(error);
    this.putBack(jobs);
  }

  /** All that wait begin to wait anew: a worker came or went, and they could do nothing about it. */
  renew(): void {
    this.#queue.renew(performance.now());
    clearTimeout(this.#expiry);
    this.#expiry = undefined;
    this.#watchExpiry();
  }

  /** The caller has gone. */
  withdraw(job: Job): void {
    this.#queue.remove(job);
  }

  /** Give work to every worker that can take some. */
  dispatch(): void {
    clearTimeout(this.#delay);
    while (this.#queue.length > 0 && this.#dispatchOne());
  }

  #dispatchOne(): boolean {
    const { limits } = this.#options;
    const workers = this.#options.workers().filter((worker) => worker.ready);
    const idle = workers.filter((worker) => worker.depth === 0);
    const [first] = idle;
    if (first) {
      if (this.#waitsForMore()) return false;
      // Two halves on two cores are ready sooner than the whole on one.
      first.run(this.#queue.take(Math.min(limits.maxBatch, Math.ceil(this.#queue.length / idle.length))));
      return true;
    }
    const { head } = this.#queue;
    const ahead = workers.find((worker) => worker.depth === 1);
    if (!ahead || !head || runsAlone(head) || this.#queue.batchSize(limits.maxBatch) < limits.maxBatch)
      return false;
    ahead.run(this.#queue.take(limits.maxBatch));
    return true;
  }

  /** With `maxDelayMs`: the batch is not full and its first input has not waited that long. */
  #waitsForMore(): boolean {
    const { maxBatch, maxDelayMs } = this.#options.limits;
    const { head } = this.#queue;
    if (!head || maxDelayMs === 0 || runsAlone(head) || this.#queue.batchSize(maxBatch) >= maxBatch)
      return false;
    const rest = head.arrivedAt + maxDelayMs - performance.now();
    if (rest <= 0) return false;
    this.#delay = setTimeout(() => this.dispatch(), rest);
    return true;
  }

  /** One timer for all that wait: it looks again when the oldest of now will have waited too long. */
  #watchExpiry(): void {
    if (this.#expiry) return;
    const oldest = this.#queue.waitingSince;
    if (oldest === undefined) return;
    const limit = this.#patience();
    const look = () => {
      this.#expiry = undefined;
      for (const job of this.#queue.takeExpired(performance.now() - limit)) {
        job.fail(
          new GatewayError('MODEL_TIMEOUT', `Expected a free process within ${limit} ms but received none`),
        );
      }
      this.#watchExpiry();
    };
    this.#expiry = setTimeout(look, Math.max(1, oldest + limit - performance.now())).unref();
  }

  /** A run that hangs takes `timeoutMs` from those behind it; a process takes seconds to start. */
  #patience(): number {
    const { workers, limits } = this.#options;
    const patience = 2 * limits.timeoutMs;
    return workers().some(({ ready }) => ready) ? patience : Math.max(patience, restartMs);
  }
}
