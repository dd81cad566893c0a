import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { parseOptions } from '../../src/config/convict.ts';
import { createLog } from '../../src/log.ts';
import { createMetrics } from '../../src/metrics.ts';
import { ModelHost } from '../../src/models/host.ts';
import sensor from '../../src/pipelines/builtin/sensor.ts';
import type { JsonObject } from '../../src/pipelines/contract.ts';

const program = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

/** What the user's own command learns. */
export async function learn(
  bundle: string,
  ...options: readonly string[]
): Promise<{ windows: number; threshold: number }> {
  const parameters = [program, 'fit', 'sensor', '--json', '--out', bundle, ...options];
  const { stdout } = await promisify(execFile)(process.execPath, parameters, { maxBuffer: 1 << 26 });
  return JSON.parse(stdout);
}

export interface Pipeline {
  /** What the pipeline says of a message that was sent at `at`, ms. */
  send(message: object, at: number): Promise<Result>;
  close(): Promise<void>;
}

interface Result {
  readonly alarm: 'none' | 'warning' | 'critical';
  readonly reasons: readonly string[];
  readonly suppressed: readonly string[];
  readonly windows: readonly { readonly end: string; readonly score?: number }[];
  readonly explanation?: { readonly channels: readonly { readonly name: string; readonly share: number }[] };
}

/** The built-in pipeline with its options as a configuration gives them, and its net in a process of its own. */
export async function pipelineOf(options: object, bundle?: string): Promise<Pipeline> {
  const log = await createLog({ level: 'warn', format: 'json' });
  const host = bundle === undefined ? undefined : await hostOf(bundle, log);
  const instance = await sensor.create({
    options: parseOptions(sensor.options ?? {}, options, 'options') as never,
    log,
    stateDir: tmpdir(),
    announce: () => {},
  });
  const { signal } = new AbortController();
  const models: Record<string, ModelHost> = host ? { net: host } : {};
  let count = 0;
  return {
    async send(message, at) {
      const payload = Buffer.from(JSON.stringify(message));
      const frame = {
        id: String(count++),
        source: 'eval',
        receivedAt: at,
        payload,
        contentType: 'application/json',
      };
      const { result } = await instance.process(frame, { models, signal });
      return result as JsonObject & Result;
    },
    close: async () => host?.stop(),
  };
}

async function hostOf(bundle: string, log: Awaited<ReturnType<typeof createLog>>): Promise<ModelHost> {
  const limits = { threads: 1, maxBatch: 32, maxDelayMs: 0, timeoutMs: 10_000, maxQueue: 1_000 };
  const config = { bundle, instances: 1, ...limits };
  const host = new ModelHost({ name: 'net', config, maxPixels: 1, log, metrics: createMetrics() });
  await host.start(AbortSignal.timeout(30_000));
  return host;
}

/** Area under the ROC curve: how often a score of `bad` is above one of `good`, ties half (Mann and Whitney). */
export function auc(good: readonly number[], bad: readonly number[]): number {
  const sorted = good.toSorted((a, b) => a - b);
  const below = (value: number, orEqual: boolean) => {
    let [low, high] = [0, sorted.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const at = sorted[middle] ?? 0;
      if (at < value || (orEqual && at === value)) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  const sum = bad.reduce((total, value) => total + (below(value, false) + below(value, true)) / 2, 0);
  return sum / (good.length * bad.length);
}
