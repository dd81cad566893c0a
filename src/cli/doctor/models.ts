import type { Config, ServingConfig } from '../../config/types.ts';
import { asGatewayError, type Code } from '../../errors.ts';
import { createLog } from '../../log.ts';
import { createMetrics } from '../../metrics.ts';
import { builtins } from '../../models/builtin.ts';
import { ModelHost } from '../../models/host.ts';
import { type Finding, fail, ok, reasonOf } from './finding.ts';

const advice: Partial<Record<Code, string>> = {
  BUNDLE_INVALID: 'copy the bundle again, and compare its digest with that of where it was made',
  BUNDLE_UNSUPPORTED: 'update edgeward',
  MODEL_LOAD_FAILED: 'see what the process said; if it was killed, memory may be short',
  MODEL_GOLDEN_MISMATCH:
    'this processor computes otherwise: use a bundle that was quantized for it, or one in float',
};
const defaults: Omit<ServingConfig, 'bundle'> = {
  instances: 1,
  threads: 1,
  maxBatch: 8,
  maxDelayMs: 0,
  timeoutMs: 30_000,
  maxQueue: 8,
};

/** Loads each model as the gateway would, golden samples included; without a configuration, the built-in ones. */
export async function checkModels(config: Config | undefined): Promise<Finding[]> {
  const models: [string, ServingConfig][] = config
    ? Object.entries(config.models)
    : builtins().map((name) => [name, { ...defaults, bundle: `builtin:${name}` }]);
  const maxPixels = config?.limits.maxPixels ?? 25e6;
  const findings: Finding[] = [];
  // One after the other: together they might not fit where one alone does.
  for (const [name, model] of models) findings.push(await checkModel(name, model, maxPixels));
  return findings;
}

async function checkModel(name: string, config: ServingConfig, maxPixels: number): Promise<Finding> {
  const what = `models.${name}`;
  const host = new ModelHost({
    name,
    config: { ...config, instances: 1 },
    maxPixels,
    log: await createLog({ level: 'silent', format: 'json' }),
    metrics: createMetrics(),
  });
  const start = performance.now();
  try {
    await host.start(AbortSignal.timeout(config.timeoutMs * 10));
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    const samples = host.manifest?.golden.samples.length ?? 0;
    const memory = host.processes.reduce((sum, { rss }) => sum + rss, 0);
    const mb = memory > 0 ? `, ${Math.round(memory / 1e6)} MB a process` : '';
    return ok(what, `${host.version} answers its ${samples} golden samples, loaded in ${seconds} s${mb}`);
  } catch (thrown) {
    const error = asGatewayError(thrown, 'MODEL_LOAD_FAILED');
    return fail(what, `${error.code}: ${reasonOf(error)}`, advice[error.code] ?? 'see docs/models.md');
  } finally {
    await host.stop();
  }
}
