import type { Image } from '../image.ts';
import type { Cancellation, Mark, Model, ModelRef, Outputs, Tensors, Thumbnail } from '../models/model.ts';
import type { Scope } from './contract.ts';
import { Deadline } from './deadline.ts';

/** The models as one frame sees them: every call heeds the frame's deadline, and who answered is kept. */
export class FrameScope implements Scope {
  readonly models: Readonly<Record<string, Model>>;
  readonly deadline = new Deadline();
  readonly #answered: ModelRef[] = [];

  constructor(models: Readonly<Record<string, Model>>) {
    const scoped: Record<string, Model> = {};
    for (const [role, model] of Object.entries(models)) scoped[role] = new ScopedModel(model, this);
    this.models = scoped;
  }

  get signal(): AbortSignal {
    return this.deadline.signal;
  }

  /** The models that answered, each once, in the order of their first answer. */
  get answered(): readonly ModelRef[] {
    return this.#answered;
  }

  abort(reason: Error): void {
    this.deadline.abort(reason);
  }

  noteAnswer(ref: ModelRef): void {
    if (!this.#answered.some((known) => known.digest === ref.digest)) this.#answered.push(ref);
  }
}

class ScopedModel implements Model {
  readonly #model: Model;
  readonly #scope: FrameScope;

  constructor(model: Model, scope: FrameScope) {
    this.#model = model;
    this.#scope = scope;
  }

  get name(): string {
    return this.#model.name;
  }

  get version(): string {
    return this.#model.version;
  }

  get manifest(): Model['manifest'] {
    return this.#model.manifest;
  }

  async infer(input: Image | Tensors, options?: { signal?: AbortSignal }): Promise<Outputs> {
    const outputs = await this.#model.infer(input, { signal: this.#signal(options?.signal) });
    this.#scope.noteAnswer(outputs.model);
    return outputs;
  }

  thumbnail(image: Image, options?: { signal?: AbortSignal }): Promise<Thumbnail> {
    return this.#model.thumbnail(image, { signal: this.#signal(options?.signal) });
  }

  annotate(image: Image, marks: readonly Mark[], options?: { signal?: AbortSignal }): Promise<Uint8Array> {
    return this.#model.annotate(image, marks, { signal: this.#signal(options?.signal) });
  }

  #signal(own: AbortSignal | undefined): Cancellation {
    return own ? AbortSignal.any([own, this.#scope.signal]) : this.#scope.deadline;
  }
}
