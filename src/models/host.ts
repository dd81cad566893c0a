import { availableParallelism } from 'node:os';
import type { ServingConfig } from '../config/types.ts';
import { GatewayError } from '../errors.ts';
import type { Image } from '../image.ts';
import type { Logger } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import type { Service } from '../service.ts';
import { resolveBundle } from './builtin.ts';
import { checkCompatible, checkKind } from './compatible.ts';
import { type BundleFile, InstanceGroup } from './instance-group.ts';
import type { Manifest } from './manifest.ts';
import type { Cancellation, Mark, Model, ModelRef, Outputs, Tensors, Thumbnail } from './model.ts';
import { ModelQueue } from './model-queue.ts';
import type { Observer } from './trial/shadow.ts';
import type { Vitals } from './trial/vitals.ts';

/** The names of Triton's model repository. */
export type ModelState = 'LOADING' | 'READY' | 'UNAVAILABLE' | 'UNLOADING';

export interface ModelHostOptions {
  /** Entry of `models` in the configuration. */
  readonly name: string;
  readonly config: ServingConfig;
  /** Width times height of the largest picture that is decoded. */
  readonly maxPixels: number;
  readonly log: Logger;
  readonly metrics: Metrics;
}

/**
 * One model behind one queue. A call of `infer` waits in the dispatcher, runs in a process of the version that
 * is in charge, and is settled from the open jobs; a process that ends gives its calls back to the dispatcher.
 * Another version is put in charge between two batches, while calls go on.
 */
export class ModelHost implements Service, Model {
  readonly name: string;
  readonly #options: ModelHostOptions;
  readonly #queue: ModelQueue;
  /** The version in charge. */
  #group: InstanceGroup | undefined;
  /** Every group with processes: the one in charge, one that is being proved, one that finishes its work. */
  readonly #groups = new Set<InstanceGroup>();
  readonly #observers = new Set<Observer>();
  #phase: ModelState = 'UNAVAILABLE';
  #stopping: Promise<void> | undefined;

  constructor(options: ModelHostOptions) {
    this.name = options.name;
    this.#options = options;
    this.#queue = new ModelQueue({
      name: options.name,
      limits: options.config,
      workers: () => this.#group?.workers ?? [],
      metrics: options.metrics,
    });
  }

  /** `UNAVAILABLE` also while no process is up: inputs wait for one until their time is over. */
  get state(): ModelState {
    return this.#phase === 'READY' && !this.#group?.ready ? 'UNAVAILABLE' : this.#phase;
  }

  /** What is loaded; `undefined` before the first start. */
  get ref(): ModelRef | undefined {
    return this.#group?.loaded.ref;
  }

  get manifest(): Manifest | undefined {
    return this.#group?.loaded.manifest;
  }

  /** Empty before the first start. */
  get version(): string {
    return this.ref?.version ?? '';
  }

  /** Where the version in charge came from. */
  get bundle(): BundleFile | undefined {
    return this.#group && { path: this.#group.bundle.path, digest: this.#group.loaded.ref.digest };
  }

  /** How the version in charge does at its work. */
  get vitals(): Vitals | undefined {
    return this.#group?.vitals;
  }

  /** The processes that are up, with the resident bytes that they last reported. */
  get processes(): readonly { readonly pid: number; readonly rss: number }[] {
    return [...this.#groups].flatMap(({ processes }) => processes);
  }

  /** Inputs that wait for a process. */
  get queueLength(): number {
    return this.#queue.length;
  }

  /** Grows only when neither the answers nor the deadlines of this model work any more, ms. */
  get stalledMs(): number {
    return this.#queue.stalledMs;
  }

  /**
   * Resolves when every process has proved the model.
   * @param bundle that of the configuration where it is not given.
   * @throws BUNDLE_INVALID, BUNDLE_UNSUPPORTED, MODEL_LOAD_FAILED, MODEL_GOLDEN_MISMATCH, or the reason of
   * `signal`.
   */
  async start(
    signal: AbortSignal,
    bundle: BundleFile = { path: resolveBundle(this.#options.config.bundle) },
  ): Promise<void> {
    this.#phase = 'LOADING';
    try {
      const group = this.#createGroup(bundle);
      group.takeCharge();
      await group.start(signal);
      this.#group = group;
      this.#phase = 'READY';
    } catch (error) {
      await this.destroy();
      throw error;
    }
  }

  /**
   * Starts the processes of another version beside those that work, one after the other so that these go on.
   * Resolves when every one has proved it; who gets the group either swaps it in or destroys it.
   * @throws as `start`, and MODEL_INCOMPATIBLE if it takes other inputs or gives other outputs.
   */
  async prepare(bundle: BundleFile, signal: AbortSignal): Promise<InstanceGroup> {
    const group = this.#createGroup(bundle);
    try {
      await group.start(signal, 'in-turn');
      if (this.manifest) checkCompatible(this.manifest, group.loaded.manifest);
      return group;
    } catch (error) {
      await group.destroy();
      throw error;
    }
  }

  /**
   * Puts a prepared group in charge: batches from now on are its own. Resolves when the version before has
   * finished those that it had, and its processes are gone.
   * @throws STOPPED
   */
  async swap(next: InstanceGroup): Promise<void> {
    if (this.#stopping) throw new GatewayError('STOPPED');
    const before = this.#group;
    next.takeCharge();
    this.#group = next;
    this.#phase = 'READY';
    this.#queue.renew();
    await before?.retire();
  }

  /**
   * For small memories: ends the processes of the version in charge. Inputs wait meanwhile, as they do for a
   * process that crashed.
   */
  async suspend(): Promise<void> {
    this.#queue.renew();
    await this.#group?.retire();
  }

  /** Tells `observer` of every answer. Returns how to end it. */
  observe(observer: Observer): () => void {
    this.#observers.add(observer);
    return () => this.#observers.delete(observer);
  }

  /** A pipeline has judged a frame by what the version of this digest said. */
  noteVerdict(digest: string, { alarm }: { alarm: boolean }): void {
    for (const group of this.#groups) if (group.digest === digest) group.vitals.alarms.add(alarm ? 1 : 0);
  }

  /** Finishes what was accepted, within `timeoutMs`, then ends the processes. */
  stop(): Promise<void> {
    this.#stopping ??= this.#drain();
    return this.#stopping;
  }

  /** Ends the processes at once; what has no answer yet is rejected with STOPPED. */
  async destroy(): Promise<void> {
    this.#phase = 'UNAVAILABLE';
    this.#queue.failAll(new GatewayError('STOPPED'));
    await Promise.all([...this.#groups].map((group) => group.destroy()));
  }

  async infer(input: Image | Tensors, { signal }: { signal?: Cancellation } = {}): Promise<Outputs> {
    if (this.manifest) checkKind(this.manifest, input);
    this.#checkReady();
    const outputs = await this.#queue.submit<Outputs>(
      (done, state) => ({ kind: 'infer', input, done, ...state }),
      signal,
    );
    for (const observe of this.#observers) observe(input, outputs);
    return outputs;
  }

  async thumbnail(image: Image, { signal }: { signal?: Cancellation } = {}): Promise<Thumbnail> {
    this.#checkReady();
    return this.#queue.submit((done, state) => ({ kind: 'thumbnail', image, done, ...state }), signal);
  }

  async annotate(
    image: Image,
    marks: readonly Mark[],
    { signal }: { signal?: Cancellation } = {},
  ): Promise<Uint8Array> {
    this.#checkReady();
    return this.#queue.submit((done, state) => ({ kind: 'annotate', image, marks, done, ...state }), signal);
  }

  #checkReady(): void {
    if (this.#phase === 'READY') return;
    const message = `Expected state READY for model ${this.name} but received ${this.#phase}`;
    throw new GatewayError('MODEL_UNAVAILABLE', message);
  }

  #createGroup(bundle: BundleFile): InstanceGroup {
    const { config, maxPixels, log } = this.#options;
    const { threads, maxBatch, timeoutMs, instances } = config;
    const group = new InstanceGroup({
      bundle,
      count: instances ?? availableParallelism(),
      load: { threads, maxBatch, maxPixels },
      timeoutMs,
      log,
      onAnswer: (from, batch, answer) => this.#queue.answered(batch, answer, from.loaded),
      onLost: (_from, batches, cause) => this.#queue.lost(batches, cause),
      onReady: (from) => {
        if (from === this.#group) this.#queue.renew();
      },
      onEnd: (from) => this.#groups.delete(from),
    });
    this.#groups.add(group);
    return group;
  }

  async #drain(): Promise<void> {
    if (this.#phase === 'READY') {
      this.#phase = 'UNLOADING';
      await this.#queue.drained();
    }
    this.#queue.failAll(new GatewayError('STOPPED'));
    await Promise.all([...this.#groups].map((group) => group.stop()));
    this.#phase = 'UNAVAILABLE';
  }
}
