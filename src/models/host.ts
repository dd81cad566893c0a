import { availableParallelism } from 'node:os';
import type { ModelConfig } from '../config/types.ts';
import { GatewayError } from '../errors.ts';
import { Image } from '../image.ts';
import type { Logger } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import type { Service } from '../service.ts';
import { settleBatch } from './answers.ts';
import { resolveBundle } from './builtin.ts';
import { Dispatcher } from './dispatcher.ts';
import { type Batch, type Cause, Instance } from './instance.ts';
import type { Job, JobState } from './job-queue.ts';
import type { Manifest } from './manifest.ts';
import { modelMeters } from './meters.ts';
import type { Mark, Model, ModelRef, Outputs, Tensors } from './model.ts';
import type { JobAnswer } from './model-process.ts';
import { OpenJobs } from './open-jobs.ts';
import { fromWire } from './protocol.ts';

/** The names of Triton's model repository. */
export type ModelState = 'LOADING' | 'READY' | 'UNAVAILABLE' | 'UNLOADING';

export interface ModelHostOptions {
  /** Entry of `models` in the configuration. */
  readonly name: string;
  readonly config: ModelConfig;
  /** Width times height of the largest picture that is decoded. */
  readonly maxPixels: number;
  readonly log: Logger;
  readonly metrics: Metrics;
}

/**
 * One version of one model in processes of its own, behind one queue. A call of `infer` waits in the
 * dispatcher, runs in an instance, and is settled from the open jobs; a process that ends gives its calls
 * back to the dispatcher.
 */
export class ModelHost implements Service, Model {
  readonly name: string;
  readonly #options: ModelHostOptions;
  readonly #open = new OpenJobs();
  readonly #dispatcher: Dispatcher;
  readonly #meters: ReturnType<typeof modelMeters>;
  #instances: readonly Instance[] = [];
  #phase: ModelState = 'UNAVAILABLE';
  #loaded: { readonly manifest: Manifest; readonly ref: ModelRef } | undefined;
  #stopping: Promise<void> | undefined;
  #lastProgressAt = performance.now();

  constructor(options: ModelHostOptions) {
    this.name = options.name;
    this.#options = options;
    this.#dispatcher = new Dispatcher({ limits: options.config, workers: () => this.#instances });
    this.#meters = modelMeters(options.metrics, options.name);
  }

  /** `UNAVAILABLE` also while no process is up: inputs wait for one until their time is over. */
  get state(): ModelState {
    const down = this.#phase === 'READY' && !this.#instances.some(({ ready }) => ready);
    return down ? 'UNAVAILABLE' : this.#phase;
  }

  /** What is loaded; `undefined` before the first start. */
  get ref(): ModelRef | undefined {
    return this.#loaded?.ref;
  }

  get manifest(): Manifest | undefined {
    return this.#loaded?.manifest;
  }

  /** Empty before the first start. */
  get version(): string {
    return this.#loaded?.ref.version ?? '';
  }

  /** The processes that are up, with the resident bytes that they last reported. */
  get processes(): readonly { readonly pid: number; readonly rss: number }[] {
    return this.#instances.flatMap(({ process }) => (process ? { pid: process.pid, rss: process.rss } : []));
  }

  /** Inputs that wait for a process. */
  get queueLength(): number {
    return this.#dispatcher.length;
  }

  /**
   * How long the input that has waited longest has been without an answer, while no process answered any, ms:
   * it grows only when neither the answers nor the deadlines of this model work any more.
   */
  get stalledMs(): number {
    const oldest = this.#open.oldestArrival;
    return oldest === undefined ? 0 : performance.now() - Math.max(oldest, this.#lastProgressAt);
  }

  /**
   * Resolves when every process has proved the model.
   * @throws BUNDLE_INVALID, BUNDLE_UNSUPPORTED, MODEL_LOAD_FAILED, MODEL_GOLDEN_MISMATCH, or the reason of
   * `signal`.
   */
  async start(signal: AbortSignal): Promise<void> {
    this.#phase = 'LOADING';
    try {
      this.#instances = this.#createInstances();
      const [first] = await Promise.all(this.#instances.map((instance) => instance.start(signal)));
      if (!first) throw new GatewayError('MODEL_LOAD_FAILED', `Expected an instance for ${this.name}`);
      const { manifest, digest } = first;
      this.#loaded = { manifest, ref: { name: manifest.name, version: manifest.version, digest } };
      this.#phase = 'READY';
    } catch (error) {
      await this.destroy();
      throw error;
    }
  }

  /** Finishes what was accepted, within `timeoutMs`, then ends the processes. */
  stop(): Promise<void> {
    this.#stopping ??= this.#drain();
    return this.#stopping;
  }

  /** Ends the processes at once; what has no answer yet is rejected with STOPPED. */
  async destroy(): Promise<void> {
    this.#phase = 'UNAVAILABLE';
    this.#open.failAll(new GatewayError('STOPPED'));
    await Promise.all(this.#instances.map((instance) => instance.destroy()));
  }

  async infer(input: Image | Tensors, { signal }: { signal?: AbortSignal } = {}): Promise<Outputs> {
    if (this.#loaded) checkKind(this.#loaded.manifest, input);
    return this.#submit((done, state) => ({ kind: 'infer', input, done, ...state }), signal);
  }

  annotate(
    image: Image,
    marks: readonly Mark[],
    { signal }: { signal?: AbortSignal } = {},
  ): Promise<Uint8Array> {
    return this.#submit((done, state) => ({ kind: 'annotate', image, marks, done, ...state }), signal);
  }

  #submit<T>(
    make: (done: (value: T) => void, state: JobState) => Job,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    const accept = (job: Job) => {
      if (this.#phase !== 'READY') {
        throw new GatewayError(
          'MODEL_UNAVAILABLE',
          `Expected state READY for model ${this.name} but received ${this.#phase}`,
        );
      }
      this.#dispatcher.submit(job);
      this.#meters.queued(this.#dispatcher.length);
    };
    return this.#open.open(make, signal, accept, (job) => this.#dispatcher.withdraw(job));
  }

  #createInstances(): Instance[] {
    const { config, maxPixels, log } = this.#options;
    const { threads, maxBatch, timeoutMs } = config;
    const load = { bundle: resolveBundle(config.bundle), threads, maxBatch, maxPixels };
    const events = {
      onAnswer: (batch: Batch, answer: JobAnswer) => this.#answered(batch, answer),
      onLost: (batches: readonly Batch[], cause: Cause) => this.#lost(batches, cause),
      onReady: () => {
        this.#dispatcher.renew();
        this.#advance();
      },
    };
    const count = config.instances ?? availableParallelism();
    return Array.from(
      { length: count },
      (_, index) => new Instance({ index, load, timeoutMs, log, ...events }),
    );
  }

  #answered({ jobs, startedAt = 0 }: Batch, answer: JobAnswer): void {
    if (answer.kind === 'refused') this.#refused(jobs, fromWire(answer.error));
    // First the process, which waits for work, then those who asked.
    this.#advance();
    if (answer.kind === 'annotated') {
      for (const job of jobs) if (job.kind === 'annotate') job.done(answer.jpeg);
    } else if (answer.kind === 'ran' && this.#loaded) {
      this.#meters.ran(jobs, answer, startedAt);
      settleBatch(jobs, answer, { ...this.#loaded, startedAt });
    }
  }

  /** A net that fails on a batch runs on each input alone, which shows the one that it cannot take. */
  #refused(jobs: readonly Job[], error: GatewayError): void {
    if (jobs.length > 1) this.#dispatcher.retry(jobs, error);
    else for (const job of jobs) job.fail(error);
  }

  /** What a process was working on when it ended is tried once more; what waited in it is not to blame. */
  #lost([working, ...waiting]: readonly Batch[], cause: Cause): void {
    this.#meters.restarted(cause);
    this.#dispatcher.putBack(waiting.flatMap(({ jobs }) => jobs));
    this.#dispatcher.retry(working?.jobs ?? [], lossOf(cause, this.#options.config.timeoutMs));
    this.#dispatcher.dispatch();
  }

  #advance(): void {
    this.#lastProgressAt = performance.now();
    this.#dispatcher.dispatch();
    this.#meters.queued(this.#dispatcher.length);
  }

  async #drain(): Promise<void> {
    if (this.#phase === 'READY') {
      this.#phase = 'UNLOADING';
      await this.#open.drained(this.#options.config.timeoutMs);
    }
    this.#open.failAll(new GatewayError('STOPPED'));
    await Promise.all(this.#instances.map((instance) => instance.stop()));
    this.#phase = 'UNAVAILABLE';
  }
}

/** A batch is of one kind, so the wrong one must not get into the queue. */
function checkKind({ name, inputs }: Manifest, input: Image | Tensors): void {
  const wanted = Object.values(inputs)[0]?.kind ?? 'tensor';
  const given = input instanceof Image ? 'picture' : 'tensor';
  if (given === wanted) return;
  throw new GatewayError('REQUEST_INVALID', `Expected a ${wanted} for model ${name} but received a ${given}`);
}

function lossOf(cause: Cause, timeoutMs: number): GatewayError {
  if (cause === 'crash') return new GatewayError('MODEL_CRASHED');
  return new GatewayError('MODEL_TIMEOUT', `Expected an answer within ${timeoutMs} ms but received none`);
}
