import { EmbeddedBus } from './embedded.ts';
import { ExternalBus } from './external-bus.ts';
import type { BusOptions } from './options.ts';

/** The bus that the configuration asks for: the embedded broker, or one elsewhere where a URL is given. */
export function createBus(options: BusOptions): EmbeddedBus | ExternalBus {
  return options.config.url === null ? new EmbeddedBus(options) : new ExternalBus(options);
}
