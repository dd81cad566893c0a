import type { ServingConfig } from '../config/types.ts';
import { GatewayError } from '../errors.ts';
import type { Metrics } from '../metrics.ts';
import { settleBatch, settleThumbnails } from './answers.ts';
import { Dispatcher, type Worker } from './dispatcher.ts';
import type { Batch, Cause } from './instance.ts';
import type { Job, JobState } from './job-queue.ts';
import type { Manifest } from './manifest.ts';
import { modelMeters } from './meters.ts';
import type { Cancellation, ModelRef } from './model.ts';
import type { JobAnswer } from './model-process.ts';
import { OpenJobs } from './open-jobs.ts';
import { fromWire } from './protocol.ts';

export interface ModelQueueOptions {
  readonly name: string;
  readonly limits: ServingConfig;
  readonly workers: () => readonly Worker[];
  readonly metrics: Metrics;
}

/**
 * The calls of one model from their arrival to their answer, whichever process gives it: a process that ends
 * gives its calls back, and they wait for the next.
 */
export class ModelQueue {
  readonly #open = new OpenJobs();
  readonly #dispatcher: Dispatcher;
  readonly #meters: ReturnType<typeof modelMeters>;
  readonly #timeoutMs: number;
  #lastProgressAt = performance.now();

  constructor({ name, limits, workers, metrics }: ModelQueueOptions) {
    this.#dispatcher = new Dispatcher({ limits, workers });
    this.#meters = modelMeters(metrics, name);
    this.#timeoutMs = limits.timeoutMs;
  }

  /** Calls that wait for a process. */
  get length(): number {
    return this.#dispatcher.length;
  }

  /** Of the call that has waited longest, since the last answer to any, ms. */
  get stalledMs(): number {
    const oldest = this.#open.oldestArrival;
    return oldest === undefined ? 0 : performance.now() - Math.max(oldest, this.#lastProgressAt);
  }

  /** @throws MODEL_QUEUE_FULL, or what came of the call. */
  submit<T>(
    make: (done: (value: T) => void, state: JobState) => Job,
    signal: Cancellation | undefined,
  ): Promise<T> {
    const accept = (job: Job) => {
      this.#dispatcher.submit(job);
      this.#meters.queued(this.#dispatcher.length);
    };
    return this.#open.open(make, signal, accept, (job) => this.#dispatcher.withdraw(job));
  }

  /** A process is there, or another one: those that wait begin to wait anew. */
  renew(): void {
    this.#dispatcher.renew();
    this.#advance();
  }

  answered(
    { jobs, startedAt = 0 }: Batch,
    answer: JobAnswer,
    by: { readonly ref: ModelRef; readonly manifest: Manifest },
  ): void {
    if (answer.kind === 'refused') this.#refused(jobs, fromWire(answer.error));
    // First the process, which waits for work, then those who asked.
    this.#advance();
    if (answer.kind === 'annotated') {
      for (const job of jobs) if (job.kind === 'annotate') job.done(answer.jpeg);
    } else if (answer.kind === 'thumbnails') {
      settleThumbnails(jobs, answer.thumbnails);
    } else if (answer.kind === 'ran') {
      this.#meters.ran(jobs, answer, startedAt);
      settleBatch(jobs, answer, { ...by, startedAt });
    }
  }

  /** What a process was working on when it ended is tried once more; what waited in it is not to blame. */
  lost([working, ...waiting]: readonly Batch[], cause: Cause): void {
    this.#meters.restarted(cause);
    this.#dispatcher.putBack(waiting.flatMap(({ jobs }) => jobs));
    this.#dispatcher.retry(working?.jobs ?? [], lossOf(cause, this.#timeoutMs));
    this.#dispatcher.dispatch();
  }

  /** Resolves when every call has its answer, or after `timeoutMs`. */
  drained(): Promise<void> {
    return this.#open.drained(this.#timeoutMs);
  }

  failAll(error: GatewayError): void {
    this.#open.failAll(error);
  }

  /** A net that fails on a batch runs on each input alone, which shows the one that it cannot take. */
  #refused(jobs: readonly Job[], error: GatewayError): void {
    if (jobs.length > 1) this.#dispatcher.retry(jobs, error);
    else for (const job of jobs) job.fail(error);
  }

  #advance(): void {
    this.#lastProgressAt = performance.now();
    this.#dispatcher.dispatch();
    this.#meters.queued(this.#dispatcher.length);
  }
}

function lossOf(cause: Cause, timeoutMs: number): GatewayError {
  if (cause === 'crash') return new GatewayError('MODEL_CRASHED');
  return new GatewayError('MODEL_TIMEOUT', `Expected an answer within ${timeoutMs} ms but received none`);
}
