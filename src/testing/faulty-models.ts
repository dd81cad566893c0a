import { GatewayError } from '../errors.ts';
import type { Cancellation, Model } from '../models/model.ts';

export type Fault = 'throws' | 'hangs';

/** Models that do as those behind them do, until one is told to fail. */
export class FaultyModels {
  readonly models: Readonly<Record<string, Model>>;
  /** What is wrong with which role now. */
  fault: { readonly role: string; readonly kind: Fault } | undefined;

  constructor(models: Readonly<Record<string, Model>>) {
    this.models = Object.fromEntries(
      Object.entries(models).map(([role, model]) => [role, this.#wrap(role, model)]),
    );
  }

  #wrap(role: string, model: Model): Model {
    return {
      get name() {
        return model.name;
      },
      get version() {
        return model.version;
      },
      get manifest() {
        return model.manifest;
      },
      infer: (input, options) => this.#call(role, options?.signal, () => model.infer(input, options)),
      thumbnail: (image, options) => this.#call(role, options?.signal, () => model.thumbnail(image, options)),
      annotate: (image, marks, options) =>
        this.#call(role, options?.signal, () => model.annotate(image, marks, options)),
    };
  }

  async #call<T>(role: string, signal: Cancellation | undefined, work: () => Promise<T>): Promise<T> {
    if (this.fault?.role !== role) return work();
    if (this.fault.kind === 'throws') throw new GatewayError('MODEL_RUN_FAILED');
    return new Promise((_, reject) => {
      signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
  }
}
