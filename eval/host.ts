import { createLog } from '../src/log.ts';
import { createMetrics } from '../src/metrics.ts';
import { ModelHost } from '../src/models/host.ts';

/** A model in processes of its own, as a gateway has it. */
export async function startHost(bundle: string): Promise<ModelHost> {
  const serving = {
    instances: null,
    threads: 1,
    maxBatch: 4,
    maxDelayMs: 0,
    timeoutMs: 60_000,
    maxQueue: 512,
  };
  const host = new ModelHost({
    name: bundle.replace('builtin:', ''),
    config: { bundle, ...serving },
    maxPixels: 2 ** 25,
    log: await createLog({ level: 'warn', format: 'json' }),
    metrics: createMetrics(),
  });
  await host.start(AbortSignal.timeout(120_000));
  return host;
}
