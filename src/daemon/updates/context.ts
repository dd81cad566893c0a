import type { ModelConfig } from '../../config/types.ts';
import type { GatewayError } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import type { ModelHost } from '../../models/host.ts';
import type { ModelStore } from '../../models/store/model-store.ts';
import type { Pointers } from '../../models/store/pointers.ts';
import type { Observer } from '../../models/trial/shadow.ts';
import type { Journal } from './journal.ts';
import type { Progress } from './model-status.ts';
import type { Repositories } from './repositories.ts';

/** What everything that is done with one model works with. */
export interface UpdateContext {
  /** Entry of `models`. */
  readonly name: string;
  /** Its name in the repository. */
  readonly product: () => string;
  readonly gateway: string;
  readonly host: ModelHost;
  readonly config: ModelConfig;
  readonly store: ModelStore;
  readonly repositories: Repositories;
  readonly journal: Journal;
  readonly log: Logger;
  /** One model at a time has two versions in memory. */
  readonly alone: <T>(work: () => Promise<T>) => Promise<T>;
  /** Told of inputs that a version in its shadow run judges otherwise than the one in charge. */
  readonly onDisagreement?: Observer | undefined;
  /** What is shown of the model has changed. */
  readonly onChange: () => void;
}

/** How something ended. */
export interface Outcome {
  readonly data: Readonly<Record<string, unknown>>;
  readonly error?: GatewayError;
}

/** Told how a request goes on after it was accepted. */
export type Respond = (data: Readonly<Record<string, unknown>>, error?: GatewayError) => void;

export type Show = (progress: Progress) => void;

export function pointersOf({ store, name }: Pick<UpdateContext, 'store' | 'name'>): Pointers {
  return store.pointers(name);
}
