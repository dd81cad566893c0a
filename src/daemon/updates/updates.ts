import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Config, ModelConfig } from '../../config/types.ts';
import { GatewayError } from '../../errors.ts';
import { InTurn } from '../../in-turn.ts';
import type { Logger } from '../../log.ts';
import type { Metrics } from '../../metrics.ts';
import type { ModelHost } from '../../models/host.ts';
import { ModelStore } from '../../models/store/model-store.ts';
import type { Observer } from '../../models/trial/shadow.ts';
import type { Service } from '../../service.ts';
import { AuditLog } from './audit-log.ts';
import { bootModel } from './boot-model.ts';
import { type Journal, journalOf, type ModelEvent } from './journal.ts';
import { modelState } from './model-status.ts';
import { ModelUpdater } from './model-updater.ts';
import { Poll } from './poll.ts';
import { Repositories } from './repositories.ts';

export interface UpdatesOptions {
  readonly config: Config;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly publish: (
    model: string,
    event: { readonly type: ModelEvent; readonly [detail: string]: unknown },
  ) => void;
  /** Told of inputs that a version in its shadow run judges otherwise than the one in charge. */
  readonly onDisagreement?: Observer | undefined;
  /** What is shown of a model has changed. */
  readonly onChange: (model: string) => void;
}

/** Every model's store, updates and memory: what outlives the processes that run them. */
export class Updates implements Service {
  readonly #options: UpdatesOptions;
  readonly #store: ModelStore;
  readonly #repositories: Repositories;
  readonly #audit: AuditLog;
  readonly #log: Logger;
  readonly #poll: Poll;
  readonly #updaters = new Map<string, ModelUpdater>();
  /** One model at a time has two versions in memory. */
  readonly #turn = new InTurn();

  constructor(options: UpdatesOptions) {
    const { gateway, updates } = options.config;
    const folder = join(gateway.stateDir, 'models');
    this.#options = options;
    this.#log = options.log.child({ part: 'updates' });
    this.#store = new ModelStore({ folder, maxBytes: updates.storeBytes, log: this.#log });
    this.#repositories = new Repositories({ config: updates, folder: join(folder, 'trust') });
    this.#audit = new AuditLog({ file: join(folder, 'audit.ndjson'), log: this.#log });
    this.#poll = new Poll({
      intervalS: this.#repositories.hasNetwork ? updates.intervalS : null,
      updaters: () => [...this.#updaters.values()],
      log: this.#log,
    });
  }

  async start(): Promise<void> {
    await this.#store.open();
  }

  async stop(): Promise<void> {
    await this.#poll.stop();
    await Promise.all([...this.#updaters.values()].map((updater) => updater.stop()));
    await this.#audit.flushed();
  }

  /** Starts a model with the version that is its own; what was done with it until now ends. */
  async boot(name: string, host: ModelHost, config: ModelConfig, signal: AbortSignal): Promise<void> {
    await this.#updaters.get(name)?.stop();
    this.#updaters.delete(name);
    const log = this.#log.child({ model: name });
    await bootModel({ name, host, config, store: this.#store, journal: this.#journal(name), log, signal });
  }

  /** These are the models from now on. What an earlier run began goes on. */
  async configure(hosts: ReadonlyMap<string, ModelHost>, models: Config['models']): Promise<void> {
    for (const [name, updater] of this.#updaters) {
      const { host, config } = updater.context;
      if (hosts.get(name) === host && isDeepStrictEqual(models[name], config)) continue;
      await updater.stop();
      this.#updaters.delete(name);
    }
    for (const [name, host] of hosts) {
      const config = models[name];
      if (config && !this.#updaters.has(name)) this.#adopt(name, host, config);
    }
    this.#poll.start();
  }

  /** What is retained of a model. */
  state(name: string, host: ModelHost | undefined): object {
    const updater = this.#updaters.get(name);
    const { ref, manifest } = host ?? {};
    const { latest, progress } = updater ?? {};
    return modelState({ name, ref, manifest, latest, progress, pointers: this.#store.pointers(name) });
  }

  /** @throws REQUEST_INVALID if there is no such model. */
  updater(name: unknown): ModelUpdater {
    const updater = typeof name === 'string' ? this.#updaters.get(name) : undefined;
    if (updater) return updater;
    const known = [...this.#updaters.keys()].join(', ') || 'none';
    throw new GatewayError(
      'REQUEST_INVALID',
      `Expected one of ${known} for model but received ${JSON.stringify(name)}`,
    );
  }

  /** Every model with its state and what is remembered of it. */
  list(): readonly object[] {
    return [...this.#updaters].map(([name, { context }]) => {
      const { confirmed, previous, pinned, refused } = this.#store.pointers(name);
      const memory = { confirmed, previous, pinned, refused };
      return { model: name, ...this.state(name, context.host), ...memory };
    });
  }

  #adopt(name: string, host: ModelHost, config: ModelConfig): void {
    const { config: whole, onChange, onDisagreement } = this.#options;
    const updater = new ModelUpdater({
      name,
      product: () => config.update.name ?? host.ref?.name ?? name,
      gateway: whole.gateway.id,
      host,
      config,
      store: this.#store,
      repositories: this.#repositories,
      journal: this.#journal(name),
      log: this.#log.child({ model: name }),
      alone: (work) => this.#turn.run(work),
      onDisagreement,
      onChange: () => onChange(name),
    });
    this.#updaters.set(name, updater);
    updater.resume();
  }

  #journal(model: string): Journal {
    const { metrics, publish } = this.#options;
    return journalOf({ model, audit: this.#audit, metrics, publish: (event) => publish(model, event) });
  }
}
