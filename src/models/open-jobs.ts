import type { Job, JobState } from './job-queue.ts';
import type { Cancellation } from './model.ts';

/** Every job that was accepted and has no answer yet. Each is settled once: by its answer, its error or its caller. */
export class OpenJobs {
  readonly #jobs = new Set<Job>();
  #onEmpty: () => void = () => {};

  get size(): number {
    return this.#jobs.size;
  }

  /** When the job that has waited longest was accepted, `performance.now()`. */
  get oldestArrival(): number | undefined {
    const [oldest] = this.#jobs;
    return oldest?.arrivedAt;
  }

  /**
   * Make a job of a call and hand it to `accept`, which may throw. When `signal` aborts, the caller gets
   * its reason and `withdraw` the job.
   */
  open<T>(
    make: (done: (value: T) => void, state: JobState) => Job,
    signal: Cancellation | undefined,
    accept: (job: Job) => void,
    withdraw: (job: Job) => void,
  ): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      signal?.throwIfAborted();
      const settle = (finish: () => void) => {
        if (!this.#jobs.delete(job)) return;
        job.settled = true;
        signal?.removeEventListener('abort', abort);
        finish();
        if (this.#jobs.size === 0) this.#onEmpty();
      };
      const abort = () => {
        withdraw(job);
        settle(() => reject(signal?.reason));
      };
      const fail = (error: unknown) => settle(() => reject(error));
      const arrivedAt = performance.now();
      const state = { fail, arrivedAt, waitingSince: arrivedAt, failures: 0, settled: false };
      const job = make((value) => settle(() => resolve(value)), state);
      accept(job);
      this.#jobs.add(job);
      signal?.addEventListener('abort', abort, { once: true });
    });
  }

  failAll(error: unknown): void {
    for (const job of this.#jobs) job.fail(error);
  }

  /** Resolves when all are settled, or after `timeoutMs`. */
  async drained(timeoutMs: number): Promise<void> {
    if (this.#jobs.size === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.#onEmpty = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
