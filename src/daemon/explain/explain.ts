import type { Config } from '../../config/types.ts';
import { GatewayError } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import { createMetrics } from '../../metrics.ts';
import { ModelHost } from '../../models/host.ts';
import type { ModelRef } from '../../models/model.ts';
import type { JsonObject } from '../../pipelines/contract.ts';
import { parseFrame } from '../../pipelines/parse-frame.ts';
import { TimedPipeline } from '../../pipelines/timed-pipeline.ts';
import { planPipelines } from '../pipeline-plan.ts';
import { type Difference, differences } from './differences.ts';
import { findBundles } from './find-bundles.ts';
import type { Recorded } from './recorded.ts';

export interface Explanation {
  readonly frame: Recorded['frame'];
  readonly pipeline: string;
  /** Those that answered now: the same digests as then. */
  readonly models: readonly ModelRef[];
  readonly result: JsonObject;
  readonly same: boolean;
  readonly differences: readonly Difference[];
  /** The pipeline remembers earlier frames, which are not here: what it made of them may differ. */
  readonly stateful: boolean;
}

/**
 * Decides about a frame again, with the versions that a result names and the options of the configuration.
 * @throws REQUEST_INVALID if there is no such pipeline, BUNDLE_GONE, FRAME_INVALID, and what a decision does.
 */
export async function explain(options: {
  config: Config;
  configFile: string;
  recorded: Recorded;
  payload: Buffer;
  /** That it came on, for pipelines that heed it. */
  topic?: string | undefined;
  log: Logger;
}): Promise<Explanation> {
  const { config, configFile, recorded, log } = options;
  const plan = (await planPipelines(config, configFile)).get(recorded.pipeline);
  if (!plan) {
    const names = Object.keys(config.pipelines).join(', ') || 'no pipeline';
    throw new GatewayError('REQUEST_INVALID', `Expected one of ${names} but received ${recorded.pipeline}`);
  }
  if ('error' in plan) throw plan.error;
  const roles = Object.entries(plan.config.models);
  const entries = [...new Set(roles.map(([, entry]) => entry))];
  const bundles = await findBundles({ config, entries, answered: recorded.models, log });
  const hosts = new Map(entries.map((entry) => [entry, hostOf(config, entry, log)]));
  try {
    await Promise.all([...hosts].map(([entry, host]) => host.start(neverAborted, bundles.get(entry))));
    const pipeline = new TimedPipeline({
      definition: plan.definition,
      context: { options: plan.config.options, log, stateDir: config.gateway.stateDir, announce() {} },
      models: Object.fromEntries(roles.flatMap(([role, entry]) => hostEntry(role, hosts.get(entry)))),
      timeoutMs: plan.config.timeoutMs,
    });
    await pipeline.start();
    try {
      const scope = pipeline.scope();
      const { result } = await pipeline.decide(frameOf(config, recorded, options), scope);
      const found = differences(recorded.result, asJson(result));
      return {
        frame: recorded.frame,
        pipeline: recorded.pipeline,
        models: scope.answered,
        result,
        same: found.length === 0,
        differences: found,
        stateful: plan.definition.stateful ?? false,
      };
    } finally {
      await pipeline.close();
    }
  } finally {
    await Promise.all([...hosts.values()].map((host) => host.stop()));
  }
}

const neverAborted = new AbortController().signal;

function hostOf(config: Config, name: string, log: Logger): ModelHost {
  const model = config.models[name];
  if (!model) throw new GatewayError('MODEL_UNAVAILABLE');
  const { maxPixels } = config.limits;
  return new ModelHost({
    name,
    config: { ...model, instances: 1 },
    maxPixels,
    metrics: createMetrics(),
    log,
  });
}

function hostEntry(role: string, host: ModelHost | undefined): [string, ModelHost][] {
  return host ? [[role, host]] : [];
}

/** The bytes as they came: an envelope, or what was in it. */
function frameOf(
  config: Config,
  { frame, pipeline }: Recorded,
  { payload, topic }: { readonly payload: Buffer; readonly topic?: string | undefined },
) {
  const { id, source, receivedAt } = frame;
  const wanted = config.pipelines[pipeline]?.sources ?? [];
  const sources = Object.entries(config.sources).filter(
    ([name]) => wanted.includes('*') || wanted.includes(name),
  );
  const declared = sources.find(([name]) => name === source) ?? sources.find(([, each]) => each.contentType);
  const contentType = declared?.[1].contentType ?? null;
  const userProperties = { 'frame-id': id };
  const arrival = { payload, receivedAt, userProperties, ...(topic === undefined ? {} : { topic }) };
  const parsed = parseFrame(source, arrival, contentType);
  return { ...parsed, id };
}

function asJson(result: JsonObject): JsonObject {
  return JSON.parse(JSON.stringify(result));
}
