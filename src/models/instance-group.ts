import { GatewayError } from '../errors.ts';
import type { Image } from '../image.ts';
import type { Logger } from '../log.ts';
import { settleBatch } from './answers.ts';
import { type Batch, type Cause, Instance } from './instance.ts';
import type { Manifest } from './manifest.ts';
import type { ModelRef, Outputs, Tensors } from './model.ts';
import type { JobAnswer } from './model-process.ts';
import { OpenJobs } from './open-jobs.ts';
import { fromWire, type LoadOptions } from './protocol.ts';
import { Vitals } from './trial/vitals.ts';

/** A bundle on disk. */
export interface BundleFile {
  readonly path: string;
  /** What the file must be, `sha256:…`; absent: whatever it is. */
  readonly digest?: string;
}

/** What a group tells the host whose queue it serves. */
interface GroupEvents {
  readonly onAnswer: (group: InstanceGroup, batch: Batch, answer: JobAnswer) => void;
  /** The batches that a process took with it, the one it was working on first. */
  readonly onLost: (group: InstanceGroup, batches: readonly Batch[], cause: Cause) => void;
  /** A process is ready, the first or a later one. */
  readonly onReady: (group: InstanceGroup) => void;
  /** No process is left, and none will come. */
  readonly onEnd: (group: InstanceGroup) => void;
}

export interface InstanceGroupOptions extends GroupEvents {
  readonly bundle: BundleFile;
  /** Processes. */
  readonly count: number;
  readonly load: Omit<LoadOptions, 'bundle'>;
  readonly timeoutMs: number;
  readonly log: Logger;
}

interface Loaded {
  readonly manifest: Manifest;
  readonly ref: ModelRef;
}

/** The processes of one version of one model. */
export class InstanceGroup {
  readonly bundle: BundleFile;
  readonly vitals = new Vitals();
  readonly #options: InstanceGroupOptions;
  readonly #tries = new OpenJobs();
  readonly #instances: readonly Instance[];
  #loaded: Loaded | undefined;
  #inCharge = false;
  #retiring: Promise<void> | undefined;
  #onIdle: () => void = () => {};

  constructor(options: InstanceGroupOptions) {
    const { bundle, count, load, timeoutMs, log } = options;
    this.bundle = bundle;
    this.#options = options;
    const events = {
      onAnswer: (batch: Batch, answer: JobAnswer) => {
        this.vitals.noteAnswer(batch, answer);
        if (this.#inCharge) options.onAnswer(this, batch, answer);
        else settleTry(batch, answer, this.loaded);
        this.#noteIdle();
      },
      onLost: (batches: readonly Batch[], cause: Cause) => {
        this.vitals.noteLost();
        if (this.#inCharge) options.onLost(this, batches, cause);
        else this.#tries.failAll(new GatewayError('MODEL_CRASHED'));
        this.#noteIdle();
      },
      onReady: () => options.onReady(this),
    };
    this.#instances = Array.from(
      { length: count },
      (_, index) =>
        new Instance({ index, load: { ...load, bundle: bundle.path }, timeoutMs, log, ...events }),
    );
  }

  /** What is loaded. @throws MODEL_UNAVAILABLE before `start` has resolved. */
  get loaded(): Loaded {
    if (this.#loaded) return this.#loaded;
    throw new GatewayError('MODEL_UNAVAILABLE', `Expected ${this.bundle.path} to be loaded`);
  }

  /** Of what is loaded; undefined before `start` has resolved. */
  get digest(): string | undefined {
    return this.#loaded?.ref.digest;
  }

  /** A process is up. */
  get ready(): boolean {
    return this.#instances.some(({ ready }) => ready);
  }

  /** Those that may be given new batches: none once the group retires. */
  get workers(): readonly Instance[] {
    return this.#retiring ? [] : this.#instances;
  }

  /** The processes that are up, with the resident bytes that they last reported. */
  get processes(): readonly { readonly pid: number; readonly rss: number }[] {
    return this.#instances.flatMap(({ process }) => (process ? { pid: process.pid, rss: process.rss } : []));
  }

  /**
   * Resolves when every process has proved the model.
   * @param pace `together` is soonest; `in-turn` leaves the cores to those who work meanwhile.
   * @throws BUNDLE_INVALID, BUNDLE_UNSUPPORTED, MODEL_LOAD_FAILED, MODEL_GOLDEN_MISMATCH, or the reason of
   * `signal`; no process is left then.
   */
  async start(signal: AbortSignal, pace: 'together' | 'in-turn' = 'together'): Promise<void> {
    try {
      const started = [];
      for (const instance of this.#instances) {
        const starting = instance.start(signal);
        // All of them are awaited below; a second failure must not go unhandled meanwhile.
        starting.catch(() => {});
        started.push(starting);
        if (pace === 'in-turn') await starting;
      }
      const processes = await Promise.all(started);
      const [first] = processes;
      if (!first) throw new GatewayError('MODEL_LOAD_FAILED', `Expected a process for ${this.bundle.path}`);
      const { manifest, digest } = first;
      const wanted = this.bundle.digest ?? digest;
      for (const { digest: received } of processes) {
        if (received !== wanted) throw otherBytes(this.bundle.path, wanted, received);
      }
      this.#loaded = { manifest, ref: { name: manifest.name, version: manifest.version, digest } };
    } catch (error) {
      await this.destroy();
      throw error;
    }
  }

  /** From now on the host gives it batches, and is told of them. */
  takeCharge(): void {
    this.#inCharge = true;
  }

  /**
   * The answer to one input by itself, past every queue; undefined if no process is idle. For a version that is
   * not in charge.
   */
  tryInfer(input: Image | Tensors): Promise<Outputs> | undefined {
    const idle = this.#instances.find(({ ready, depth }) => ready && depth === 0);
    return (
      idle &&
      this.#tries.open<Outputs>(
        (done, state) => ({ kind: 'infer', input, done, ...state }),
        undefined,
        (job) => idle.run([job]),
        () => {},
      )
    );
  }

  /** Takes no more work, finishes what it has, then ends the processes. */
  retire(): Promise<void> {
    this.#retiring ??= this.#drain();
    return this.#retiring;
  }

  /** Ends the processes after what they are doing, within two seconds. */
  async stop(): Promise<void> {
    this.#tries.failAll(new GatewayError('STOPPED'));
    await Promise.all(this.#instances.map((instance) => instance.stop()));
    this.#options.onEnd(this);
  }

  /** Ends the processes at once. What they were doing is not told to anybody. */
  async destroy(): Promise<void> {
    this.#tries.failAll(new GatewayError('STOPPED'));
    await Promise.all(this.#instances.map((instance) => instance.destroy()));
    this.#options.onEnd(this);
  }

  /** Each process has at most two batches, and each batch a deadline: the wait has an end. */
  async #drain(): Promise<void> {
    if (!this.#idle) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 3 * this.#options.timeoutMs);
        this.#onIdle = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    await this.stop();
  }

  get #idle(): boolean {
    return this.#instances.every(({ depth }) => depth === 0);
  }

  #noteIdle(): void {
    if (this.#retiring && this.#idle) this.#onIdle();
  }
}

function settleTry({ jobs, startedAt = 0 }: Batch, answer: JobAnswer, loaded: Loaded): void {
  if (answer.kind === 'refused') for (const job of jobs) job.fail(fromWire(answer.error));
  if (answer.kind === 'ran') settleBatch(jobs, answer, { ...loaded, startedAt });
}

function otherBytes(path: string, wanted: string, received: string): GatewayError {
  return new GatewayError('MODEL_LOAD_FAILED', `Expected ${wanted} for ${path} but received ${received}`);
}
