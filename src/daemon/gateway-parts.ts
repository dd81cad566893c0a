import type { Bus } from '../bus/bus.ts';
import { createBus } from '../bus/create.ts';
import { createTopics } from '../bus/topics.ts';
import { createUplink } from '../bus/uplink.ts';
import { redact } from '../config/redact.ts';
import { schema } from '../config/schema.ts';
import type { Config } from '../config/types.ts';
import type { Logger } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import type { JsonObject } from '../pipelines/contract.ts';
import { Announcer } from './announcer.ts';
import { Commands } from './commands.ts';
import { ErrorReporter } from './error-reporter.ts';
import type { Health } from './health.ts';
import { HttpServer } from './http.ts';
import { ProcessMetrics } from './process-metrics.ts';
import { Router } from './router.ts';
import { createSamples, withSamples } from './samples/create.ts';
import { labelCommand } from './samples/label-command.ts';
import { Sources } from './sources.ts';
import { modelCommands } from './updates/model-commands.ts';
import { Updates } from './updates/updates.ts';
import type { Workload } from './workload.ts';

export interface PartsOptions {
  readonly config: Config;
  readonly version: string;
  readonly metrics: Metrics;
  readonly log: Logger;
  /** What changes while the gateway runs. */
  readonly live: {
    health(): Health;
    reload(): Promise<unknown>;
    config(): Config;
    workload(): Workload | undefined;
  };
}

export type Parts = ReturnType<typeof createParts>;

/** The parts of a gateway that a reload does not replace, none of them started. */
export function createParts({ config, version, metrics, log, live }: PartsOptions) {
  const topics = createTopics({ base: config.topics.base, gateway: config.gateway.id });
  const bus: Bus = createBus({
    config: config.bus,
    gateway: config.gateway,
    topics,
    metrics,
    log: log.child({ part: 'bus' }),
  });
  const uplink = createUplink({
    config: withSamples(config),
    bus,
    maxPacketBytes: config.bus.maxPacketBytes,
    gateway: config.gateway,
    topics,
    metrics,
    log: log.child({ part: 'uplink' }),
  });
  const errors = new ErrorReporter({
    bus,
    topics,
    log: log.child({ part: 'frames' }),
    perMinute: config.limits.errorsPerMinute,
  });
  const samples = createSamples({ config, bus, topics, metrics, log });
  const updates = new Updates({
    config,
    metrics,
    log,
    publish(model, event) {
      bus.publish(topics.modelEvent(model), JSON.stringify(event), { qos: 1 }).catch((err) => {
        log.warn({ part: 'updates', err, model }, 'Event of a model not published');
      });
    },
    onDisagreement: samples && ((input, { model }) => samples.noteDisagreement(input, model.digest)),
    onChange(model) {
      live.workload()?.noteChange(model);
      announcer.modelChanged(model);
    },
  });
  const announcer = new Announcer({
    bus,
    topics,
    config,
    version,
    modelState: (model) => updates.state(model, live.workload()?.models.get(model)),
    log,
  });
  const sources = new Sources({
    max: config.limits.maxSources,
    onAppear: (source, route) => announcer.addSource(source, route),
    onAvailability: (source, online) => announcer.availability(source, online),
    log: log.child({ part: 'sources' }),
  });
  const router = new Router({ bus, sources, metrics, share: config.bus.share ?? undefined });
  const http = new HttpServer({
    config: config.http,
    metrics,
    health: () => live.health(),
    log: log.child({ part: 'http' }),
  });
  const commands = new Commands({
    bus,
    topics,
    log: log.child({ part: 'commands' }),
    handlers: {
      health: () => live.health(),
      config: () => redact(schema, live.config()),
      reload: () => live.reload(),
      ...modelCommands(updates),
      'sample/label': labelCommand(samples),
    },
    others: {
      names: () => live.workload()?.commands ?? [],
      // What came as JSON is JSON.
      run: async (command, request) => live.workload()?.command(command, request as JsonObject),
    },
    fleet: { groups: config.updates.groups, commands: ['model/update'] },
  });
  const processMetrics = new ProcessMetrics({ metrics, memory: async () => memoryOf(live.workload()) });
  return {
    topics,
    bus,
    uplink,
    errors,
    samples,
    updates,
    announcer,
    sources,
    router,
    http,
    commands,
    processMetrics,
  };
}

function memoryOf(workload: Workload | undefined): { process: string; bytes: number }[] {
  return [...(workload?.models ?? [])].flatMap(([name, { processes }]) =>
    processes.map(({ rss }, i) => ({ process: `model:${name}:${i}`, bytes: rss })),
  );
}
