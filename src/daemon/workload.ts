import { isDeepStrictEqual } from 'node:util';
import type { Config, ModelConfig, ServingConfig } from '../config/types.ts';
import { asGatewayError, GatewayError } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import { ModelHost } from '../models/host.ts';
import type { JsonObject } from '../pipelines/contract.ts';
import type { Outlet } from '../pipelines/publisher.ts';
import { type JudgedFrame, PipelineRunner } from '../pipelines/runner.ts';
import type { Service } from '../service.ts';
import type { PipelinePlan } from './pipeline-plan.ts';
import type { Route } from './router.ts';

export interface WorkloadOptions {
  readonly config: Config;
  readonly plans: ReadonlyMap<string, PipelinePlan>;
  readonly outlet: (pipeline: string) => Outlet;
  /** Starts a model with the version that is its own. Throws what `ModelHost.start` does. */
  readonly boot: (name: string, host: ModelHost, config: ModelConfig, signal: AbortSignal) => Promise<void>;
  /** Told of every frame that has its result. */
  readonly onJudged?: ((pipeline: string, judged: JudgedFrame) => void) | undefined;
  /** A pipeline has other entities than before. */
  readonly onEntities: () => void;
  readonly metrics: Metrics;
  readonly log: Logger;
  /** Models that did not change are taken over from here. */
  readonly previous?: Workload | undefined;
}

/** Frames of one pipeline in work at once, over all its sources. */
const maxActive = 256;

/**
 * What a reload replaces: models and pipelines. A part that cannot start is noted in `failures` and costs
 * nobody else anything.
 */
export class Workload implements Service {
  readonly models = new Map<string, ModelHost>();
  readonly runners = new Map<string, PipelineRunner>();
  /** By `models.NAME` or `pipelines.NAME`. */
  readonly failures = new Map<string, GatewayError>();
  readonly #options: WorkloadOptions;

  constructor(options: WorkloadOptions) {
    this.#options = options;
  }

  get config(): Config {
    return this.#options.config;
  }

  async start(signal: AbortSignal): Promise<void> {
    const { config, plans } = this.#options;
    await Promise.all(Object.keys(config.models).map((name) => this.#startModel(name, signal)));
    await Promise.all([...plans].map(([name, plan]) => this.#startPipeline(name, plan)));
  }

  async stop(): Promise<void> {
    await this.retire();
  }

  /** Finishes the frames in work, then ends what `successor` does not use. */
  async retire(successor?: Workload): Promise<void> {
    await Promise.allSettled([...this.runners.values()].map((runner) => runner.stop()));
    const kept = new Set(successor?.models.values());
    const ended = [...this.models.values()].filter((host) => !kept.has(host));
    await Promise.allSettled(ended.map((host) => host.stop()));
  }

  /** The pipelines that take the frames of each entry of `sources`. */
  routes(): Route[] {
    const { config, plans } = this.#options;
    return Object.entries(config.sources).map(([name, source]) => {
      const wanted = [...plans].filter(([, plan]) =>
        ['*', name].some((each) => plan.config.sources.includes(each)),
      );
      const runners = wanted.flatMap(([pipeline]) => this.runners.get(pipeline) ?? []);
      return { name, config: source, runners };
    });
  }

  /** Names of the requests that pipelines answer. */
  get commands(): string[] {
    return [...new Set([...this.runners.values()].flatMap(({ commands }) => commands))];
  }

  /**
   * Asks the pipeline that `pipeline` of the request names, or the first that answers such requests.
   * @throws REQUEST_INVALID, or what the pipeline throws
   */
  async command(name: string, request: JsonObject): Promise<JsonObject> {
    const { pipeline, ...rest } = request;
    const able = [...this.runners.values()].filter(({ commands }) => commands.includes(name));
    const runner = pipeline === undefined ? able[0] : able.find((each) => each.name === pipeline);
    if (runner) return runner.command(name, rest);
    const names = able.map((each) => each.name).join(', ') || 'no pipeline';
    throw new GatewayError(
      'REQUEST_INVALID',
      `Expected ${names} for ${name} but received ${String(pipeline)}`,
    );
  }

  async #startModel(name: string, signal: AbortSignal): Promise<void> {
    const { config, previous, metrics, log } = this.#options;
    const own = config.models[name];
    if (!own) return;
    const unchanged =
      isDeepStrictEqual(servingOf(previous?.config.models[name]), servingOf(own)) &&
      previous?.config.limits.maxPixels === config.limits.maxPixels &&
      !previous.failures.has(`models.${name}`);
    const running = unchanged ? previous.models.get(name) : undefined;
    const host =
      running ??
      new ModelHost({
        name,
        config: own,
        maxPixels: config.limits.maxPixels,
        metrics,
        log: log.child({ part: 'model', model: name }),
      });
    this.models.set(name, host);
    if (running) return;
    try {
      await this.#options.boot(name, host, own, signal);
    } catch (error) {
      this.#fail(`models.${name}`, asGatewayError(error, 'MODEL_LOAD_FAILED'));
    }
  }

  async #startPipeline(name: string, plan: PipelinePlan): Promise<void> {
    if ('error' in plan) return this.#fail(`pipelines.${name}`, plan.error);
    const { config, outlet, onEntities, onJudged, metrics, log } = this.#options;
    const roles: [string, ModelHost][] = Object.entries(plan.config.models).flatMap(([role, model]) => {
      const host = this.models.get(model);
      return host ? [[role, host]] : [];
    });
    const runner = new PipelineRunner({
      name,
      definition: plan.definition,
      config: plan.config,
      models: Object.fromEntries(roles),
      maxActive: Math.max(1, Math.min(maxActive, ...roles.map(([, host]) => this.#shareOf(host.name)))),
      outlet: outlet(name),
      onVerdict: (answered, verdict) => {
        for (const [, host] of roles) for (const { digest } of answered) host.noteVerdict(digest, verdict);
      },
      ...(onJudged ? { onJudged: (judged) => onJudged(name, judged) } : {}),
      stateDir: config.gateway.stateDir,
      onEntities,
      metrics,
      log: log.child({ part: 'pipeline', pipeline: name }),
    });
    try {
      await runner.start();
      this.runners.set(name, runner);
    } catch (error) {
      this.#fail(`pipelines.${name}`, asGatewayError(error, 'PIPELINE_LOAD_FAILED'));
    }
  }

  /** An update may have brought a version of a model that could not be loaded. */
  noteChange(model: string): void {
    if (this.models.get(model)?.ref) this.failures.delete(`models.${model}`);
  }

  /** Of the queue of a model, for each pipeline that uses it: together they never ask for more than it takes. */
  #shareOf(model: string): number {
    const { config, plans } = this.#options;
    const users = [...plans.values()].filter((plan) => Object.values(plan.config.models).includes(model));
    return Math.floor((config.models[model]?.maxQueue ?? maxActive) / users.length);
  }

  #fail(part: string, error: GatewayError): void {
    this.failures.set(part, error);
    // A model that an update has yet to bring is no fault.
    const level = error.code === 'MODEL_UNAVAILABLE' ? 'warn' : 'error';
    this.#options.log[level]({ part, code: error.code, err: error, details: error.details }, 'Part disabled');
  }
}

/** What a change of makes other processes necessary. */
function servingOf(config: ModelConfig | undefined): ServingConfig | undefined {
  if (!config) return undefined;
  const { swap: _, update: __, ...serving } = config;
  return serving;
}
