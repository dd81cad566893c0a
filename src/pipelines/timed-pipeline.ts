import type { Entity } from '../entity.ts';
import { asGatewayError, GatewayError } from '../errors.ts';
import type { Model } from '../models/model.ts';
import type {
  Decision,
  JsonObject,
  PipelineContext,
  PipelineDefinition,
  PipelineInstance,
} from './contract.ts';
import { answerFor } from './culprit.ts';
import type { Frame } from './frame.ts';
import { FrameScope } from './scope.ts';

export interface TimedPipelineOptions {
  readonly definition: PipelineDefinition;
  readonly context: PipelineContext<Readonly<Record<string, unknown>>>;
  /** By role. */
  readonly models: Readonly<Record<string, Model>>;
  /** For each call, the wait for models included. */
  readonly timeoutMs: number;
  /** Told of what fails behind a call, where its errors are kept apart from those of others. */
  readonly onLeak?: ((error: unknown, source: string, frame: string) => void) | undefined;
}

/** The code of one pipeline, every call of which comes to an end: what hangs fails at its deadline. */
export class TimedPipeline {
  readonly #options: TimedPipelineOptions;
  #instance: PipelineInstance | undefined;

  constructor(options: TimedPipelineOptions) {
    this.#options = options;
  }

  /** @throws PIPELINE_LOAD_FAILED if the pipeline cannot be made. */
  async start(): Promise<void> {
    const { definition, context } = this.#options;
    try {
      const instance = await this.#answering('', '', () => definition.create(context));
      if (typeof instance?.process !== 'function') {
        throw new TypeError(`Expected a function process of pipeline ${definition.name} but received none`);
      }
      this.#instance = instance;
    } catch (error) {
      throw asGatewayError(error, 'PIPELINE_LOAD_FAILED');
    }
  }

  async close(): Promise<void> {
    await this.#answering('', '', () => this.#instance?.close?.());
  }

  get entities(): readonly Entity[] {
    return this.#answering('', '', () => this.#instance?.entities?.()) ?? [];
  }

  /** Whether pictures may come of it. */
  get pictures(): boolean {
    return this.#instance?.pictures ?? true;
  }

  /** Names of the requests that the pipeline answers. */
  get commands(): readonly string[] {
    return Object.keys(this.#instance?.commands ?? {});
  }

  /** What a frame's models are called through. */
  scope(): FrameScope {
    return new FrameScope(this.#options.models);
  }

  /** @throws STOPPED before `start`, PIPELINE_TIMEOUT, or what the pipeline throws */
  decide(frame: Frame, scope: FrameScope): Promise<Decision> {
    const { source, id } = frame;
    return this.#inTime(scope, async () => {
      const instance = this.#instance;
      if (!instance) throw new GatewayError('STOPPED');
      return this.#answering(source, id, () => instance.process(frame, scope));
    });
  }

  /** @throws REQUEST_INVALID, PIPELINE_TIMEOUT, or what the pipeline throws */
  async command(name: string, request: JsonObject): Promise<JsonObject> {
    const commands = this.#instance?.commands ?? {};
    const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
    if (!command) throw new GatewayError('REQUEST_INVALID');
    const scope = this.scope();
    return this.#inTime(scope, async () => this.#answering('', '', () => command(request, scope)));
  }

  #answering<T>(source: string, frame: string, work: () => T): T {
    const { onLeak } = this.#options;
    return onLeak ? answerFor((error) => onLeak(error, source, frame), work) : work();
  }

  #inTime<T>(scope: FrameScope, work: () => Promise<T>): Promise<T> {
    const { timeoutMs } = this.#options;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        const late = new GatewayError(
          'PIPELINE_TIMEOUT',
          `Expected a decision within ${timeoutMs} ms but received none`,
        );
        scope.abort(late);
        reject(late);
      }, timeoutMs);
      work()
        .then(resolve, reject)
        .finally(() => clearTimeout(timer));
    });
  }
}
