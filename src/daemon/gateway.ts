import { isDeepStrictEqual } from 'node:util';
import type { Config } from '../config/types.ts';
import { GatewayError } from '../errors.ts';
import { InTurn } from '../in-turn.ts';
import type { Logger } from '../log.ts';
import { createMetrics, type Metrics } from '../metrics.ts';
import type { Service } from '../service.ts';
import { createParts, type Parts } from './gateway-parts.ts';
import { type Health, healthOf } from './health.ts';
import { createOutlet } from './outlet.ts';
import { type PipelinePlan, planPipelines } from './pipeline-plan.ts';
import { Workload } from './workload.ts';

export interface GatewayOptions {
  readonly config: Config;
  /** Packages of plug-ins are looked for beside it. */
  readonly configFile: string;
  /** Reads the configuration again. @throws CONFIG_INVALID */
  readonly reload: () => Config;
  readonly version: string;
  readonly log: Logger;
}

const sweepIntervalMs = 1_000;
/** What a reload can replace; anything else needs a restart. */
const reloadable: readonly (keyof Config)[] = ['models', 'sources', 'pipelines'];

export interface Reloaded {
  /** Sections that changed but keep their old values until a restart. */
  readonly restartRequired: readonly string[];
}

/** Puts the parts together, and takes them apart again in reverse. */
export class Gateway implements Service {
  readonly #options: GatewayOptions;
  readonly #log: Logger;
  readonly #metrics: Metrics = createMetrics();
  readonly #parts: Parts;
  /** Parts that need no broker, and the broker with the parts that do. */
  readonly #local: readonly Service[];
  readonly #remote: readonly Service[];
  readonly #started: Service[] = [];
  readonly #startedAt = performance.now();
  readonly #stopping = new AbortController();
  #config: Config;
  #workload: Workload | undefined;
  #sweeper: NodeJS.Timeout | undefined;
  /** Start, reloads and the stop come one after the other. */
  readonly #queue = new InTurn();
  #stopped: Promise<void> | undefined;

  constructor(options: GatewayOptions) {
    const { config, log } = options;
    this.#options = options;
    this.#config = config;
    this.#log = log.child({ part: 'gateway' });
    const parts = createParts({
      ...options,
      metrics: this.#metrics,
      live: {
        health: () => this.health(),
        reload: () => this.reload(),
        config: () => this.#config,
        workload: () => this.#workload,
      },
    });
    this.#parts = parts;
    const { bus, uplink, http, updates, processMetrics, samples, commands, announcer } = parts;
    this.#local = [processMetrics, http, updates];
    this.#remote = [...(uplink ? [uplink] : []), bus, ...(samples ? [samples] : []), commands, announcer];
  }

  /** Where clients find the embedded broker. */
  get brokerUrls(): readonly string[] {
    return (this.#parts.bus.addresses ?? []).map(({ url }) => url);
  }

  get httpAddress(): string | undefined {
    return this.#parts.http.address;
  }

  async start(signal: AbortSignal): Promise<void> {
    await this.#queue.run(() => this.#start(signal));
  }

  /** Finishes the frames in work, then stops every part. */
  stop(): Promise<void> {
    this.#stopping.abort(new GatewayError('STOPPED'));
    this.#stopped ??= this.#queue.run(() => this.#stop());
    return this.#stopped;
  }

  /**
   * Reads the configuration again and replaces models, sources and pipelines. What did not change goes on
   * without a gap.
   * @throws CONFIG_INVALID, and everything stays as it was.
   */
  reload(): Promise<Reloaded> {
    return this.#queue.run(() => this.#reload());
  }

  health(): Health {
    return healthOf({
      workload: this.#workload,
      connected: this.#parts.bus.connected,
      uplink: this.#parts.uplink?.health,
      sources: this.#parts.sources.health(),
      version: this.#options.version,
      uptimeMs: performance.now() - this.#startedAt,
    });
  }

  async #start(signal: AbortSignal): Promise<void> {
    const heed = AbortSignal.any([signal, this.#stopping.signal]);
    const plans = await this.#plan(this.#config);
    const workload = this.#makeWorkload(this.#config, plans);
    this.#workload = workload;
    for (const service of this.#local) await this.#begin(service, heed);
    await workload.start(heed);
    // Before the broker lets anyone in: a frame that finds nobody would be acknowledged and lost.
    await this.#open(workload);
    for (const service of this.#remote) await this.#begin(service, heed);
    await this.#parts.updates.configure(workload.models, this.#config.models);
    await this.#announce(workload);
    this.#sweeper = setInterval(() => this.#parts.sources.sweep(), sweepIntervalMs).unref();
    this.#log.info({ id: this.#config.gateway.id, http: this.httpAddress }, 'Gateway started');
  }

  async #begin(service: Service, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.#started.push(service);
    await service.start(signal);
  }

  async #stop(): Promise<void> {
    clearInterval(this.#sweeper);
    this.#parts.router.close();
    await this.#parts.updates.stop();
    await this.#workload?.stop();
    for (const service of this.#started.splice(0).reverse()) {
      await service.stop().catch((err) => this.#log.error({ err }, 'Part did not stop cleanly'));
    }
    this.#log.info('Gateway stopped');
  }

  async #reload(): Promise<Reloaded> {
    if (this.#stopped) throw new GatewayError('STOPPED');
    const wanted = this.#options.reload();
    const plans = await this.#plan(wanted);
    const { models, sources, pipelines } = wanted;
    const config: Config = { ...this.#config, models, sources, pipelines };
    const restartRequired = Object.keys(wanted).filter(
      (key) =>
        !reloadable.includes(key as keyof Config) &&
        !isDeepStrictEqual(wanted[key as keyof Config], this.#config[key as keyof Config]),
    );
    const previous = this.#workload;
    const workload = this.#makeWorkload(config, plans, previous);
    await workload.start(this.#stopping.signal);
    this.#config = config;
    this.#workload = workload;
    try {
      await this.#open(workload);
      await this.#parts.updates.configure(workload.models, config.models);
      await this.#announce(workload);
    } finally {
      // Also where the broker refuses a topic: what is replaced gets no frames any more.
      await previous?.retire(workload);
    }
    this.#log.info({ restartRequired }, 'Configuration reloaded');
    return { restartRequired };
  }

  #plan(config: Config): Promise<Map<string, PipelinePlan>> {
    return planPipelines(config, this.#options.configFile, (pipeline, err) => {
      this.#metrics.leaks.inc({ pipeline });
      this.#log.warn({ pipeline, err, code: 'PIPELINE_LEAKED' }, 'A plug-in failed behind its own back');
    });
  }

  #makeWorkload(config: Config, plans: Map<string, PipelinePlan>, previous?: Workload): Workload {
    const { metrics, topics } = { metrics: this.#metrics, topics: this.#parts.topics };
    const { samples } = this.#parts;
    return new Workload({
      config,
      plans,
      previous,
      metrics,
      log: this.#options.log,
      boot: (...model) => this.#parts.updates.boot(...model),
      onJudged: samples && ((pipeline, judged) => samples.noteJudged({ pipeline, ...judged })),
      onEntities: () => this.#parts.announcer.refresh(),
      outlet: (pipeline) =>
        createOutlet({ pipeline, topics, bus: this.#parts.bus, errors: this.#parts.errors }),
    });
  }

  /** Lets frames in. */
  async #open(workload: Workload): Promise<void> {
    const routes = workload.routes();
    this.#parts.sources.configure(routes);
    await this.#parts.router.apply(routes);
  }

  /** Tells the world who is here; while the broker is away, at the next connection. */
  async #announce(workload: Workload): Promise<void> {
    const announced = this.#parts.announcer.configure(
      workload,
      workload.routes(),
      this.#parts.sources.routes,
    );
    if (this.#parts.bus.connected) await announced;
  }
}
