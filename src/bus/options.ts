import type { BusConfig } from '../config/types.ts';
import type { Logger } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import type { Topics } from './topics.ts';

/** What a bus of either kind is made of. */
export interface BusOptions {
  readonly config: BusConfig;
  readonly gateway: { readonly id: string; readonly stateDir: string };
  readonly topics: Topics;
  readonly log: Logger;
  readonly metrics: Metrics;
  /**
   * How long what an earlier process left in the session at an external broker waits for the subscription that
   * wants it, ms. Default a minute.
   */
  readonly claimMs?: number;
}
