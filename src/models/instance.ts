import { setTimeout as sleep } from 'node:timers/promises';
import { GatewayError } from '../errors.ts';
import type { Logger } from '../log.ts';
import { Backoff } from './backoff.ts';
import type { Worker } from './dispatcher.ts';
import type { Job } from './job-queue.ts';
import { type Exit, type JobAnswer, type ModelProcess, startModelProcess } from './model-process.ts';
import { type Command, type LoadOptions, packImages, packInputs, wireError } from './protocol.ts';

/** The longest wait before a process that was ready once is replaced, however often it ends. */
const longestAfterWorkMs = 2_000;

/** Why a process ended that should not have. */
export type Cause = 'crash' | 'timeout';

/** Jobs that are in a process together. */
export interface Batch {
  readonly id: number;
  readonly jobs: readonly Job[];
  /** When the process began with it, `performance.now()`; `undefined` while another is before it. */
  startedAt: number | undefined;
}

export interface InstanceOptions {
  readonly index: number;
  readonly load: LoadOptions;
  /** A batch that is not answered this long after the process began with it ends the process, ms. */
  readonly timeoutMs: number;
  readonly log: Logger;
  readonly onAnswer: (batch: Batch, answer: JobAnswer) => void;
  /** The batches that a process took with it, the one it was working on first. */
  readonly onLost: (batches: readonly Batch[], cause: Cause) => void;
  /** A process is ready, the first or a later one. */
  readonly onReady: () => void;
}

/** One place for a process of the model: keeps one alive, and knows what it is working on. */
export class Instance implements Worker {
  readonly #options: InstanceOptions;
  readonly #log: Logger;
  readonly #backoff = new Backoff({ minMs: 100, maxMs: 30_000, resetMs: 60_000 });
  readonly #ended = new AbortController();
  #process: ModelProcess | undefined;
  #inFlight: Batch[] = [];
  #deadline: NodeJS.Timeout | undefined;
  #cause: Cause = 'crash';
  #lastId = 0;
  #life: Promise<void> = Promise.resolve();

  constructor(options: InstanceOptions) {
    this.#options = options;
    this.#log = options.log.child({ instance: options.index });
  }

  /** The process that takes jobs; `undefined` while there is none. */
  get process(): ModelProcess | undefined {
    return this.#process;
  }

  get ready(): boolean {
    return this.#process !== undefined;
  }

  /** Batches that are in the process. */
  get depth(): number {
    return this.#inFlight.length;
  }

  /**
   * Resolves when the first process is ready. Later ones are started by themselves.
   * @throws as `startModelProcess`
   */
  start(signal: AbortSignal): Promise<ModelProcess> {
    const first = this.#spawn(AbortSignal.any([signal, this.#ended.signal]));
    this.#life = first.then(
      (process) => this.#supervise(process),
      () => {},
    );
    return first;
  }

  /** Hand a batch to the process, which must be there. */
  run(jobs: readonly Job[]): void {
    const batch: Batch = { id: ++this.#lastId, jobs, startedAt: undefined };
    try {
      this.#process?.post(commandFor(batch));
    } catch (err) {
      // A plug-in may give us anything: what cannot be copied into a message never reaches the process.
      const error = wireError(err, 'REQUEST_INVALID');
      this.#options.onAnswer(batch, { kind: 'refused', id: batch.id, error });
      return;
    }
    this.#inFlight.push(batch);
    if (this.#inFlight.length === 1) this.#begin();
  }

  /** Ends the process after what it is doing. */
  async stop(): Promise<void> {
    this.#ended.abort();
    await this.#process?.stop();
    await this.#life;
  }

  /** Ends the process now. */
  async destroy(): Promise<void> {
    this.#ended.abort();
    this.#process?.kill();
    await this.#life;
  }

  /** A process for ever: when one ends, what it held is given back and the next is started. */
  async #supervise(first: ModelProcess): Promise<void> {
    for (let process: ModelProcess | undefined = first; process; ) {
      const startedAt = performance.now();
      const exit = await process.exited;
      this.#process = undefined;
      this.#release(process, exit);
      process = await this.#replace(performance.now() - startedAt, first.digest);
    }
  }

  #release(process: ModelProcess, exit: Exit): void {
    const lost = this.#inFlight.splice(0);
    const cause = this.#cause;
    this.#cause = 'crash';
    clearTimeout(this.#deadline);
    if (this.#ended.signal.aborted) return;
    this.#log.error({ pid: process.pid, cause, ...exit }, 'Model process ended');
    this.#options.onLost(lost, cause);
  }

  async #replace(livedMs: number, digest: string): Promise<ModelProcess | undefined> {
    const { signal } = this.#ended;
    for (let lived = livedMs; !signal.aborted; lived = 0) {
      try {
        const wait = this.#backoff.next(lived);
        const missed = lived > 0;
        await sleep(missed ? Math.min(wait, longestAfterWorkMs) : wait, undefined, { signal, ref: false });
        return await this.#spawn(signal, digest);
      } catch (err) {
        if (!signal.aborted) this.#log.error({ err }, 'Model process cannot be started');
      }
    }
    return undefined;
  }

  async #spawn(signal: AbortSignal, digest?: string): Promise<ModelProcess> {
    const { load, onReady } = this.#options;
    const onAnswer = (answer: JobAnswer) => this.#answer(answer);
    const process = await startModelProcess({ load, log: this.#log, onAnswer }, signal);
    if (digest !== undefined && process.digest !== digest) {
      await process.stop();
      throw new GatewayError(
        'MODEL_LOAD_FAILED',
        `Expected ${digest} for ${load.bundle} but received ${process.digest}: the file has changed`,
      );
    }
    this.#process = process;
    this.#log.debug({ pid: process.pid }, 'Model process ready');
    onReady();
    return process;
  }

  /** A process that answers what it was not asked, or what makes no sense, is as good as crashed. */
  #answer(answer: JobAnswer): void {
    const [batch] = this.#inFlight;
    if (batch?.id !== answer.id) {
      this.#process?.kill();
      return;
    }
    this.#inFlight.shift();
    clearTimeout(this.#deadline);
    this.#begin();
    try {
      this.#options.onAnswer(batch, answer);
    } catch (err) {
      this.#log.error({ err }, 'Model process gave no sensible answer');
      for (const job of batch.jobs) job.fail(new GatewayError('MODEL_CRASHED', undefined, { cause: err }));
      this.#process?.kill();
    }
  }

  /** The process has now turned to the first batch in flight. */
  #begin(): void {
    const [batch] = this.#inFlight;
    if (!batch) return;
    batch.startedAt = performance.now();
    // When this process itself was held up, the answer may have come and wait to be read: read first.
    this.#deadline = setTimeout(() => setImmediate(() => this.#expire(batch)), this.#options.timeoutMs);
  }

  #expire(batch: Batch): void {
    if (this.#inFlight[0] !== batch) return;
    this.#cause = 'timeout';
    this.#process?.kill();
  }
}

function commandFor({ id, jobs }: Batch): Command {
  const [first] = jobs;
  if (first?.kind === 'annotate') {
    return { kind: 'annotate', id, image: packImages([first.image]), marks: first.marks };
  }
  if (first?.kind === 'thumbnail') {
    const images = jobs.flatMap((job) => (job.kind === 'thumbnail' ? [job.image] : []));
    return { kind: 'thumbnails', id, images: packImages(images) };
  }
  const inputs = jobs.flatMap((job) => (job.kind === 'infer' ? [job.input] : []));
  return { kind: 'run', id, inputs: packInputs(inputs) };
}
