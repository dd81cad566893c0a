import { sourceName } from '../config/mqtt-formats.ts';
import { GatewayError } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { Route } from './router.ts';

interface Seen {
  readonly route: string;
  /** ms since 1970, for people. */
  lastFrameAt: number | undefined;
  /** `performance.now()`: a clock that is set takes no source offline, and keeps none online. */
  heardAt: number;
  online: boolean;
}

export interface SourcesOptions {
  /** Most sources that topic patterns may bring to life. */
  readonly max: number;
  readonly onAppear: (source: string, route: string) => void;
  readonly onAvailability: (source: string, online: boolean) => void;
  readonly log: Logger;
}

/** The sources that are known: those the configuration names, and those that topic patterns brought to life. */
export class Sources {
  readonly #options: SourcesOptions;
  readonly #seen = new Map<string, Seen>();
  /** By route: how long a source may be silent, ms. */
  readonly #patience = new Map<string, number>();

  constructor(options: SourcesOptions) {
    this.#options = options;
  }

  /** Name of each source -> name of its entry in `sources`. */
  get routes(): ReadonlyMap<string, string> {
    return new Map([...this.#seen].map(([source, { route }]) => [source, route]));
  }

  /** Makes the sources known that the routes name, and forgets those of routes that are gone. */
  configure(routes: readonly Route[]): void {
    this.#patience.clear();
    for (const { name, config } of routes) this.#patience.set(name, config.offlineAfterS * 1000);
    for (const [source, { route }] of this.#seen) {
      if (!this.#patience.has(route)) this.#seen.delete(source);
    }
    for (const { name, config } of routes) {
      const isPattern = config.topic.split('/').includes('{source}');
      if (isPattern || !sourceName.accepts(name) || this.#seen.has(name)) continue;
      // Not bounded: the configuration itself names it.
      this.#appear(name, { route: name, lastFrameAt: undefined, heardAt: 0, online: false });
      this.#options.onAvailability(name, false);
    }
  }

  /** @throws SOURCE_INVALID if there are too many already: names on the bus must not fill the memory. */
  noteFrame(source: string, route: string, receivedAt: number): void {
    let seen = this.#seen.get(source);
    if (!seen) {
      seen = { route, lastFrameAt: receivedAt, heardAt: 0, online: false };
      this.#admit(source);
      this.#appear(source, seen);
    }
    seen.lastFrameAt = receivedAt;
    seen.heardAt = performance.now();
    if (!seen.online) {
      seen.online = true;
      this.#options.log.info({ source }, 'Frames come');
      this.#options.onAvailability(source, true);
    }
  }

  /** Takes those offline that were silent for too long. */
  sweep(): void {
    const now = performance.now();
    for (const [source, seen] of this.#seen) {
      const patience = this.#patience.get(seen.route) ?? 0;
      if (!seen.online || now - seen.heardAt <= patience) continue;
      seen.online = false;
      this.#options.log.warn({ source }, `No frames for ${patience / 1000} s`);
      this.#options.onAvailability(source, false);
    }
  }

  health(): Readonly<Record<string, object>> {
    return Object.fromEntries(
      [...this.#seen].map(([source, { online, lastFrameAt }]) => [
        source,
        {
          online,
          ...(lastFrameAt === undefined ? {} : { lastFrameAt: new Date(lastFrameAt).toISOString() }),
        },
      ]),
    );
  }

  #admit(source: string): void {
    const { max } = this.#options;
    if (this.#seen.size < max) return;
    throw new GatewayError(
      'SOURCE_INVALID',
      `Expected at most ${max} sources but received one more: ${source}`,
    );
  }

  #appear(source: string, seen: Seen): void {
    this.#seen.set(source, seen);
    this.#options.onAppear(source, seen.route);
  }
}
