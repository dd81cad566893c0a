import type { Bus } from '../../bus/bus.ts';
import { covers } from '../../bus/topic-filter.ts';
import type { Topics } from '../../bus/topics.ts';
import type { Config, UplinkConfig } from '../../config/types.ts';
import type { Logger } from '../../log.ts';
import type { Metrics } from '../../metrics.ts';
import type { SampleWithPayload } from './sample.ts';
import { samplesFolder } from './sample-files.ts';
import { SampleKeeper } from './sample-keeper.ts';

/** What keeps samples, where the configuration asks for it. */
export function createSamples(options: {
  config: Config;
  bus: Bus;
  topics: Topics;
  metrics: Metrics;
  log: Logger;
}): SampleKeeper | undefined {
  const { config, bus, topics, metrics, log } = options;
  const { gateway, samples } = config;
  if (!samples.enabled) return undefined;
  return new SampleKeeper({
    config: samples,
    folder: samplesFolder(gateway),
    publish: samples.uplink
      ? (kept) => bus.publish(topics.sample(kept.sample.pipeline), messageOf(kept), { qos: 1 })
      : undefined,
    metrics,
    log: log.child({ part: 'samples' }),
  });
}

/** The uplink with the samples among what goes up, where they are to. */
export function withSamples({ uplink, samples }: Config): UplinkConfig {
  const filter = '{gateway}/samples/+';
  // What two filters match would go up twice.
  const isUp = uplink.up.some((wider) => covers(wider, filter));
  return samples.uplink && !isUp ? { ...uplink, up: [...uplink.up, filter] } : uplink;
}

/** The sample with its payload as `data` in base64. */
function messageOf({ sample, payload }: SampleWithPayload): string {
  return JSON.stringify({ ...sample, data: payload.toString('base64') });
}
