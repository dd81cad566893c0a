import type { Metrics } from '../metrics.ts';
import type { Job } from './job-queue.ts';
import type { BatchResult } from './protocol.ts';

/** The measurements of one model, with its label bound once. */
export function modelMeters(metrics: Metrics, model: string) {
  const batchSize = metrics.batchSize.labels(model);
  const queueTime = metrics.queueTime.labels(model);
  const decodeTime = metrics.decodeTime.labels(model);
  const inferTime = metrics.inferTime.labels(model);
  const queueLength = metrics.queueLength.labels(model);
  return {
    queued: (length: number) => queueLength.set(length),
    restarted: (cause: string) => metrics.childRestarts.labels(model, cause).inc(),
    ran(jobs: readonly Job[], { size, decodeMs, inferMs }: BatchResult, startedAt: number): void {
      batchSize.observe(size);
      decodeTime.observe(decodeMs);
      inferTime.observe(inferMs);
      for (const { arrivedAt } of jobs) queueTime.observe(Math.max(0, startedAt - arrivedAt));
    },
  };
}
