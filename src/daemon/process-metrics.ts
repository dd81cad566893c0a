import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import type { Metrics } from '../metrics.ts';
import type { Service } from '../service.ts';

export interface ProcessMemory {
  /** `model:NAME:INSTANCE` */
  readonly process: string;
  readonly bytes: number;
}

/** How often the event loop is looked at, ms: a delay is known to within this. */
const resolutionMs = 10;
const quantiles = { '0.5': 50, '0.99': 99, '1': 100 } as const;

/** What the processes cost, measured when somebody reads it. */
export class ProcessMetrics implements Service {
  readonly #metrics: Metrics;
  readonly #memory: () => Promise<readonly ProcessMemory[]>;
  #delay: IntervalHistogram | undefined;

  constructor(options: {
    metrics: Metrics;
    /** Resident memory of the other processes of the gateway. */
    memory: () => Promise<readonly ProcessMemory[]>;
  }) {
    this.#metrics = options.metrics;
    this.#memory = options.memory;
  }

  async start(): Promise<void> {
    this.#delay = monitorEventLoopDelay({ resolution: resolutionMs });
    this.#delay.enable();
    // prom-client calls `collect` of a gauge before it reads the gauge.
    Object.assign(this.#metrics.eventLoopDelay, { collect: () => this.#collectDelay() });
    Object.assign(this.#metrics.residentMemory, { collect: () => this.#collectMemory() });
  }

  async stop(): Promise<void> {
    this.#delay?.disable();
    this.#delay = undefined;
    Object.assign(this.#metrics.eventLoopDelay, { collect: undefined });
    Object.assign(this.#metrics.residentMemory, { collect: undefined });
  }

  #collectDelay(): void {
    const delay = this.#delay;
    // Right after a reset there is nothing to tell.
    if (!delay || delay.count === 0) return;
    for (const [quantile, percent] of Object.entries(quantiles)) {
      // The histogram is of the whole time between two looks, the interval that was asked for included.
      const ms = Math.max(0, delay.percentile(percent) / 1e6 - resolutionMs);
      this.#metrics.eventLoopDelay.set({ quantile }, ms);
    }
    delay.reset();
  }

  async #collectMemory(): Promise<void> {
    const others = await this.#memory();
    const { residentMemory } = this.#metrics;
    residentMemory.reset();
    residentMemory.set({ process: 'daemon' }, process.memoryUsage.rss());
    for (const { process: name, bytes } of others) residentMemory.set({ process: name }, bytes);
  }
}
