import type { Logger } from '../log.ts';
import type { Qos } from './bus.ts';
import type { Link } from './link.ts';
import type { LocalSubscription, LocalSubscriptions } from './local-subscriptions.ts';
import { SessionFilters } from './session-filters.ts';

/** A subscription of the gateway that a broker elsewhere has to grant. */
export interface WantedSubscription extends LocalSubscription {
  readonly qos: Qos;
  /** The filter as the broker knows it: with the group that shares it. */
  readonly asked: string;
  /** The broker has answered, or will not for now. */
  readonly answered: (refusal?: Error) => void;
}

export interface BrokerFiltersOptions {
  readonly subscriptions: LocalSubscriptions<WantedSubscription>;
  readonly sessionFile: string;
  /** How long whoever subscribes at the start may take for it, after the first connection. */
  readonly claimMs: number;
  /** The connection to ask over, while there is one that the broker has accepted. */
  readonly link: () => Link | undefined;
  readonly log: Logger;
}

/** What the broker is asked for, over connections and processes: its session outlives both. */
export class BrokerFilters {
  readonly #options: BrokerFiltersOptions;
  /** Filters that the broker has granted to this process. */
  readonly #granted = new Set<string>();
  readonly #session: SessionFilters;
  #forgetTimer: NodeJS.Timeout | undefined;
  /** Whoever subscribes at the start has done so. */
  #settled = false;

  constructor(options: BrokerFiltersOptions) {
    const { sessionFile: file, log } = options;
    this.#options = options;
    this.#session = new SessionFilters({
      file,
      onError: (err) => log.warn({ err }, 'session file cannot be written'),
    });
  }

  /** `owner`: whose session it is. */
  load(owner: string): Promise<void> {
    return this.#session.load(owner);
  }

  async stop(): Promise<void> {
    clearTimeout(this.#forgetTimer);
    await this.#session.saved();
  }

  /** Asks a broker that has just taken us in for what it has not granted. `known`: it has our session still. */
  askAgain(link: Link, known: boolean): void {
    if (!known) this.#granted.clear();
    for (const asked of new Set([...this.#options.subscriptions].map((wanted) => wanted.asked))) {
      if (!this.#granted.has(asked)) this.ask(link, asked);
    }
  }

  ask(link: Link, filter: string): void {
    const { log } = this.#options;
    const asking = this.#wantedBy(filter);
    const qos = Math.max(...asking.map((wanted) => wanted.qos)) as Qos;
    this.#session.add(filter);
    link.subscribe(filter, qos, (granted, refusal) => {
      if (refusal) log.error({ err: refusal, filter }, 'subscription refused');
      if (granted) this.#granted.add(filter);
      if (granted || refusal) for (const { answered } of asking) answered(refusal);
    });
  }

  /** One who wanted it does no more. Resolves when the broker knows, where it is there and nobody else wants it. */
  async drop(filter: string): Promise<void> {
    if (this.#wantedBy(filter).length > 0) return;
    this.#granted.delete(filter);
    await this.#unsubscribe(filter);
  }

  /** Ends what an earlier process left in the session, once those of this one have subscribed. */
  forgetStale(): void {
    if (!this.#settled) {
      this.#forgetTimer ??= setTimeout(() => this.#forgetStale(), this.#options.claimMs).unref();
    } else {
      this.#forgetStale();
    }
  }

  #forgetStale(): void {
    this.#settled = true;
    for (const filter of this.#session) {
      if (this.#wantedBy(filter).length === 0) void this.#unsubscribe(filter);
    }
  }

  async #unsubscribe(filter: string): Promise<void> {
    if (await this.#options.link()?.unsubscribe(filter)) this.#session.delete(filter);
  }

  #wantedBy(asked: string): WantedSubscription[] {
    return [...this.#options.subscriptions].filter((wanted) => wanted.asked === asked);
  }
}
