import { createHash } from 'node:crypto';
import type { Image } from '../image.ts';
import type { Logger } from '../log.ts';
import { createMetrics } from '../metrics.ts';
import { ModelHost } from '../models/host.ts';
import type { Model, Outputs, Tensors } from '../models/model.ts';

type Said = Omit<Outputs, 'model' | 'timing'>;

/**
 * A model for a test: a bundle that really runs (`builtin:digits`, or a path), or what a made-up one says of an
 * input.
 */
export type TestModel = string | ((input: Image | Tensors) => Said | Promise<Said>);

/** Where a test is not about the picture, any bytes will do. */
const onePixel = { width: 1, height: 1, data: new Uint8Array(1) };
const maxPixels = 50_000_000;
const loadTimeoutMs = 60_000;

/** The models by role, and how to end them. @throws what `ModelHost.start` does */
export async function startModels(
  wanted: Readonly<Record<string, TestModel>>,
  log: Logger,
): Promise<{ models: Record<string, Model>; stop(): Promise<void> }> {
  const hosts: ModelHost[] = [];
  const models: Record<string, Model> = {};
  const stop = async () => {
    await Promise.all(hosts.map((host) => host.stop()));
  };
  try {
    for (const [role, model] of Object.entries(wanted)) {
      if (typeof model === 'function') {
        models[role] = madeUp(role, model);
        continue;
      }
      const host = hostOf(role, model, log);
      hosts.push(host);
      models[role] = host;
      await host.start(AbortSignal.timeout(loadTimeoutMs));
    }
    return { models, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function hostOf(name: string, bundle: string, log: Logger): ModelHost {
  const limits = { threads: 1, maxBatch: 8, maxDelayMs: 0, timeoutMs: 10_000, maxQueue: 512 };
  return new ModelHost({
    name,
    config: { bundle, instances: 1, ...limits },
    maxPixels,
    metrics: createMetrics(),
    log,
  });
}

function madeUp(name: string, say: Exclude<TestModel, string>): Model {
  const digest = `sha256:${createHash('sha256').update(name).digest('hex')}`;
  const ref = { name, version: '0.0.0', digest };
  const timing = { queueMs: 0, decodeMs: 0, inferMs: 0, batchSize: 1 };
  return {
    name,
    version: ref.version,
    infer: async (input) => ({ ...(await say(input)), model: ref, timing }),
    thumbnail: async () => onePixel,
    annotate: async () => new Uint8Array(),
  };
}
