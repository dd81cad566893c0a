import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../../log.ts';
import type { ModelUpdater } from './model-updater.ts';

export interface PollOptions {
  /** `null`: never. */
  readonly intervalS: number | null;
  readonly updaters: () => readonly ModelUpdater[];
  readonly log: Logger;
}

/** Gateways that start together, after a cut of power for example, do not ask together. */
const firstWithinS = 30;
/** Of the interval. */
const jitter = 0.2;

/** Asks the repository now and then whether it has something newer. */
export class Poll {
  readonly #options: PollOptions;
  readonly #stopping = new AbortController();
  #loop: Promise<void> | undefined;

  constructor(options: PollOptions) {
    this.#options = options;
  }

  start(): void {
    const { intervalS } = this.#options;
    if (intervalS !== null) this.#loop ??= this.#run(intervalS).catch(() => {});
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#loop;
  }

  async #run(intervalS: number): Promise<void> {
    const { signal } = this.#stopping;
    const wait = (seconds: number) => delay(seconds * 1000, undefined, { signal, ref: false });
    await wait(Math.random() * Math.min(firstWithinS, intervalS));
    for (;;) {
      for (const updater of this.#options.updaters()) {
        await updater.check(signal).catch((err) => {
          if (!signal.aborted) this.#options.log.warn({ err }, 'Repository of models not asked');
        });
      }
      await wait(intervalS * (1 - jitter + 2 * jitter * Math.random()));
    }
  }
}
