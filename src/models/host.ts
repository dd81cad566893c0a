import { availableParallelism } from 'node:os';
import type { ModelConfig } from '../config/types.ts';
import { GatewayError } from '../errors.ts';
import { Image } from '../image.ts';
import type { Logger } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import type { Service } from '../service.ts';
import { resolveBundle } from './builtin.ts';
import { checkCompatible } from './compatible.ts';
import { type BundleFile, InstanceGroup } from './instance-group.ts';
import type { Manifest } from './manifest.ts';
import type { Mark, Model, ModelRef, Outputs, Tensors } from './model.ts';
import { ModelQueue } from './model-queue.ts';

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
    const down = this.#phase === 'READY' && !this.#group?.ready;
    return down ? 'UNAVAILABLE' : this.#phase;
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

  /** The processes that are up, with the resident bytes that they last reported. */
  get processes(): readonly { readonly pid: number; readonly rss: number }[] {
    return [...this.#groups].flatMap(({ processes }) => processes);
  }

  /** Inputs that wait for a process. */
  get queueLength(): number {
    return this.#queue.length;
  }

  /**
   * How long the input that has waited longest has been without an answer, while no process answered any, ms:
   * it grows only when neither the answers nor the deadlines of this model work any more.
   */
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
      await group.start(signal);
      this.#group = group;
      this.#phase = 'READY';
    } catch (error) {
      await this.destroy();
      throw error;
    }
  }

  /**
   * Starts the processes of another version beside those that work, one after the other so that these go on, and
   * resolves when every one has proved it. Who gets the group either swaps it in or destroys it.
   * @throws as `start`, and MODEL_INCOMPATIBLE if it takes other inputs or gives other outputs.
   */
  async prepare(bundle: BundleFile, signal: AbortSignal): Promise<InstanceGroup> {
    const group = this.#createGroup(bundle);
    try {
      await group.start(signal, 'in-turn');
      if (this.manifest) checkCompatible(this.manifest, group.loaded.manifest);
      return group;
    } catch (error) {
      await this.discard(group);
      throw error;
    }
  }

  /** Ends a group that was prepared and is not wanted. */
  async discard(group: InstanceGroup): Promise<void> {
    await group.destroy();
    this.#groups.delete(group);
  }

  /**
   * Puts a prepared group in charge: batches from now on are its own. Resolves when the version before has
   * finished the batches that it had, and its processes are gone.
   * @throws STOPPED
   */
  async swap(next: InstanceGroup): Promise<void> {
    if (this.#stopping) throw new GatewayError('STOPPED');
    const before = this.#group;
    this.#group = next;
    this.#phase = 'READY';
    this.#queue.renew();
    if (before) await this.#retire(before);
  }

  /**
   * For small memories: ends the processes of the version in charge, so that there is room for the next. Inputs
   * wait meanwhile, as they do for a process that crashed.
   */
  async suspend(): Promise<void> {
    if (!this.#group) return;
    this.#queue.renew();
    await this.#retire(this.#group);
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
    await Promise.all([...this.#groups].map((group) => this.discard(group)));
  }

  async infer(input: Image | Tensors, { signal }: { signal?: AbortSignal } = {}): Promise<Outputs> {
    if (this.manifest) checkKind(this.manifest, input);
    this.#checkReady();
    return this.#queue.submit((done, state) => ({ kind: 'infer', input, done, ...state }), signal);
  }

  async annotate(
    image: Image,
    marks: readonly Mark[],
    { signal }: { signal?: AbortSignal } = {},
  ): Promise<Uint8Array> {
    this.#checkReady();
    return this.#queue.submit((done, state) => ({ kind: 'annotate', image, marks, done, ...state }), signal);
  }

  /** @throws MODEL_UNAVAILABLE */
  #checkReady(): void {
    if (this.#phase === 'READY') return;
    throw new GatewayError(
      'MODEL_UNAVAILABLE',
      `Expected state READY for model ${this.name} but received ${this.#phase}`,
    );
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
    });
    this.#groups.add(group);
    return group;
  }

  async #retire(group: InstanceGroup): Promise<void> {
    await group.retire();
    this.#groups.delete(group);
  }

  async #drain(): Promise<void> {
    if (this.#phase === 'READY') {
      this.#phase = 'UNLOADING';
      await this.#queue.drained();
    }
    this.#queue.failAll(new GatewayError('STOPPED'));
    await Promise.all([...this.#groups].map((group) => group.stop()));
    this.#groups.clear();
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
