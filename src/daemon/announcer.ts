import { setTimeout as delay } from 'node:timers/promises';
import type { Bus } from '../bus/bus.ts';
import { Discovery } from '../bus/discovery.ts';
import type { SourceDescription } from '../bus/home-assistant.ts';
import type { Topics } from '../bus/topics.ts';
import type { Config } from '../config/types.ts';
import { type Entity, entityFaults } from '../entity.ts';
import type { Logger } from '../log.ts';
import type { PipelineRunner } from '../pipelines/runner.ts';
import type { Service } from '../service.ts';
import type { Route } from './router.ts';
import type { Workload } from './workload.ts';

export interface AnnouncerOptions {
  readonly bus: Bus;
  readonly topics: Topics;
  readonly config: Config;
  readonly version: string;
  /** What is true of a model. */
  readonly modelState: (name: string) => object;
  readonly log: Logger;
}

/** Sources that come to life together are announced together. */
const gatherMs = 50;

/** Keeps the retained messages true that say what there is: models, sources, and Home Assistant's devices. */
export class Announcer implements Service {
  readonly #bus: Bus;
  readonly #topics: Topics;
  readonly #modelState: (name: string) => object;
  readonly #log: Logger;
  readonly #discovery: Discovery | undefined;
  /** What must be retained, by topic. A broker without a disk hears it again at each connection. */
  readonly #retained = new Map<string, string>();
  readonly #stopping = new AbortController();
  /** By source, the entry of the configuration that it came by. */
  #sources: ReadonlyMap<string, string> = new Map();
  #routes: readonly Route[] = [];
  #models: readonly string[] = [];
  #gathering: Promise<void> | undefined;

  constructor(options: AnnouncerOptions) {
    const { bus, topics, config, version, log } = options;
    const { id, name } = config.gateway;
    const { enabled, prefix } = config.homeAssistant;
    this.#bus = bus;
    this.#topics = topics;
    this.#modelState = options.modelState;
    this.#log = log.child({ part: 'announcer' });
    this.#discovery = enabled
      ? new Discovery({
          bus,
          topics,
          prefix,
          gateway: { id, name, version },
          adopt: (source, entry) => this.#describe(source, entry),
          log: this.#log,
        })
      : undefined;
  }

  async start(signal: AbortSignal): Promise<void> {
    const tellAll = (connected: boolean) => {
      if (connected) for (const topic of this.#retained.keys()) this.#publish(topic);
    };
    this.#bus.onConnection(tellAll);
    // Sources are known before the broker lets anyone in: one that never sends anything is told of as well.
    tellAll(this.#bus.connected);
    await this.#discovery?.start(signal);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#discovery?.stop();
  }

  /** What there is from now on. */
  async configure(
    workload: Workload,
    routes: readonly Route[],
    sources: ReadonlyMap<string, string>,
  ): Promise<void> {
    const before = { routes: this.#routes, models: this.#models, sources: this.#sources };
    this.#routes = routes;
    this.#models = [...workload.models.keys()];
    this.#sources = sources;
    for (const model of before.models.filter((name) => !workload.models.has(name))) {
      this.#forget(this.#topics.modelState(model));
    }
    for (const [source, entry] of before.sources) this.#forgetSource(source, before.routes, entry);
    for (const name of workload.models.keys()) this.modelChanged(name);
    await this.#announce();
  }

  modelChanged(name: string): void {
    if (this.#models.includes(name)) this.#retain(this.#topics.modelState(name), this.#modelState(name));
  }

  addSource(source: string, entry: string): void {
    this.#sources = new Map([...this.#sources, [source, entry]]);
    this.refresh();
  }

  /** Announces anew what there is: a pipeline shows other values than before. */
  refresh(): void {
    this.#gathering ??= delay(gatherMs, undefined, { signal: this.#stopping.signal, ref: false })
      .then(() => {
        this.#gathering = undefined;
        return this.#announce();
      })
      .catch(() => {
        // Stopped: the next start announces it.
      });
  }

  availability(source: string, online: boolean): void {
    this.#retain(this.#topics.availability(source), online ? 'online' : 'offline');
  }

  async #announce(): Promise<void> {
    const sources = [...this.#sources].flatMap(([source, entry]) => this.#describe(source, entry) ?? []);
    await this.#discovery?.announce({ models: this.#models.map((name) => ({ name })), sources });
  }

  #describe(source: string, entry: string): SourceDescription | undefined {
    const runners = runnersOf(this.#routes, entry);
    if (!runners) return undefined;
    const pipelines = runners.map((runner) => ({
      name: runner.name,
      entities: this.#entitiesOf(runner),
      pictures: runner.pictures,
    }));
    return { name: source, entry, pipelines };
  }

  /** What a plug-in says wrong of its entities is left out: it must not cost others their place. */
  #entitiesOf(runner: PipelineRunner): Entity[] {
    try {
      const all = runner.entities();
      return all.filter((entity, i) => {
        const faults = entityFaults(entity, all.slice(0, i));
        if (faults.length > 0) this.#log.warn({ pipeline: runner.name, faults }, 'Entity not shown');
        return faults.length === 0;
      });
    } catch (err) {
      this.#log.warn({ err, pipeline: runner.name }, 'Entities not shown');
      return [];
    }
  }

  /** Takes back what was retained for a source, or a pipeline of it, that is no more. */
  #forgetSource(source: string, routes: readonly Route[], entry: string): void {
    const now = runnersOf(this.#routes, this.#sources.get(source)) ?? [];
    const gone = (runnersOf(routes, entry) ?? []).filter(({ name }) =>
      now.every((other) => other.name !== name),
    );
    for (const { name } of gone) this.#forget(this.#topics.state(source, name));
    if (!this.#sources.has(source)) this.#forget(this.#topics.availability(source));
  }

  #retain(topic: string, body: object | string): void {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    if (this.#retained.get(topic) === text) return;
    this.#retained.set(topic, text);
    this.#publish(topic);
  }

  /** An empty retained message takes the one before away [MQTT-3.3.1-10]. */
  #forget(topic: string): void {
    this.#retained.set(topic, '');
    this.#publish(topic);
  }

  #publish(topic: string): void {
    if (!this.#bus.connected) return;
    this.#bus.publish(topic, this.#retained.get(topic) ?? '', { qos: 1, retain: true }).catch((err) => {
      this.#log.warn({ err, topic }, 'State not published');
    });
  }
}

function runnersOf(
  routes: readonly Route[],
  entry: string | undefined,
): readonly PipelineRunner[] | undefined {
  return routes.find(({ name }) => name === entry)?.runners;
}
