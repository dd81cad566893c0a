import type { BusConfig } from '../config/types.ts';
import type { Logger } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import type { Topics } from './topics.ts';

/** What a bus counts. */
export type BusMetrics = Pick<
  Metrics,
  'busConnected' | 'busDropped' | 'busRefused' | 'published' | 'rejected'
>;

/** What a bus on a broker elsewhere reads of its configuration. */
export type ExternalConfig = Omit<BusConfig, 'embedded' | 'share'>;

/** What a bus of either kind is made of. */
export interface BusOptions<C = BusConfig> {
  readonly config: C;
  readonly gateway: { readonly id: string; readonly stateDir: string };
  readonly topics: Topics;
  readonly log: Logger;
  readonly metrics: BusMetrics;
  /**
   * How long what an earlier process left in the session at an external broker waits for the subscription that
   * wants it, ms. Default a minute.
   */
  readonly claimMs?: number;
}
