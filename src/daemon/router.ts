import type { Bus, Message } from '../bus/bus.ts';
import { compilePattern } from '../bus/topic-filter.ts';
import type { SourceConfig } from '../config/types.ts';
import { asGatewayError, GatewayError } from '../errors.ts';
import type { Metrics } from '../metrics.ts';
import type { Frame } from '../pipelines/frame.ts';
import { type Arrival, brokenFrame, parseFrame } from '../pipelines/parse-frame.ts';
import type { PipelineRunner } from '../pipelines/runner.ts';
import type { Sources } from './sources.ts';

/** One entry of `sources`, and the pipelines that take its frames. */
export interface Route {
  readonly name: string;
  readonly config: SourceConfig;
  readonly runners: readonly PipelineRunner[];
}

function isDeferred({ runners }: Route): boolean {
  return runners.some(({ mailbox }) => mailbox === 'every');
}

function subscriptionKey(route: Route, topic: string): string {
  return JSON.stringify([route.name, topic, route.config.qos, isDeferred(route)]);
}

/** What to subscribe to for these routes, by `subscriptionKey`. */
function subscriptionsOf(routes: readonly Route[]): Map<string, { route: Route; topic: string }> {
  const wanted = routes.flatMap((route) =>
    [route.config.topic, ...route.config.topics].map(
      (topic) => [subscriptionKey(route, topic), { route, topic }] as const,
    ),
  );
  return new Map(wanted);
}

/** A promise that never settles leaves a message unacknowledged, so that its sender sends it again. */
const unanswered = new Promise<never>(() => {});

interface Subscription {
  route: Route;
  readonly unsubscribe: () => Promise<void>;
}

/** Brings the messages of source topics to the pipelines that want them. */
export class Router {
  readonly #bus: Bus;
  readonly #sources: Sources;
  readonly #metrics: Metrics;
  readonly #share: string | undefined;
  readonly #subscriptions = new Map<string, Subscription>();
  #closed = false;

  /** @param options.share group of gateways that share the frames. */
  constructor(options: { bus: Bus; sources: Sources; metrics: Metrics; share?: string | undefined }) {
    this.#bus = options.bus;
    this.#sources = options.sources;
    this.#metrics = options.metrics;
    this.#share = options.share;
  }

  /** Takes these routes instead of those before. A topic that stays is never unsubscribed: no frame is missed. */
  async apply(routes: readonly Route[]): Promise<void> {
    const wanted = subscriptionsOf(routes);
    for (const [key, subscription] of this.#subscriptions) {
      const found = wanted.get(key);
      if (found) subscription.route = found.route;
    }
    const missing = [...wanted].filter(([key]) => !this.#subscriptions.has(key));
    await Promise.all(missing.map(([key, { route, topic }]) => this.#subscribe(key, route, topic)));
    for (const [key, { unsubscribe }] of this.#subscriptions) {
      if (wanted.has(key)) continue;
      this.#subscriptions.delete(key);
      await unsubscribe();
    }
  }

  /** From now on every frame stays unanswered, so that the sender of one that counts sends it again. */
  close(): void {
    this.#closed = true;
  }

  async #subscribe(key: string, route: Route, topic: string): Promise<void> {
    const pattern = compilePattern(topic, route.name);
    const handle = (message: Message) => {
      const current = this.#subscriptions.get(key)?.route ?? route;
      return this.#route(current, pattern.match(message.topic), message);
    };
    const acknowledge = isDeferred(route) ? 'deferred' : 'immediate';
    const unsubscribe = await this.#bus.subscribe(pattern.filter, handle, {
      qos: route.config.qos,
      acknowledge,
      share: this.#share,
    });
    this.#subscriptions.set(key, { route, unsubscribe });
  }

  #route(route: Route, source: string | undefined, message: Message): void | Promise<void> {
    // A retained frame is one of the past: it says nothing of what the camera sees now.
    if (message.retain) return;
    if (this.#closed) return unanswered;
    const arrival: Arrival = { ...message, receivedAt: Date.now() };
    if (source === undefined) return this.#reject('', new GatewayError('SOURCE_INVALID'));
    let frame: Frame;
    let error: GatewayError | undefined;
    try {
      this.#sources.noteFrame(source, route.name, arrival.receivedAt);
      frame = parseFrame(source, arrival, route.config.contentType);
    } catch (thrown) {
      error = asGatewayError(thrown, 'FRAME_INVALID');
      // A source that was not let in is no label of a metric either: strangers choose its name.
      if (error.code === 'SOURCE_INVALID') return this.#reject('', error);
      this.#reject(source, error);
      frame = brokenFrame(source, arrival);
    }
    const { runners } = route;
    const options = { error, held: message.qos > 0 };
    // One pipeline is the usual case: it needs no array of promises a frame.
    if (runners.length === 1) return runners[0]?.accept(frame, options);
    return Promise.all(runners.map((runner) => runner.accept(frame, options))).then(() => {});
  }

  #reject(source: string, error: GatewayError): void {
    this.#metrics.rejected.inc({ source, code: error.code });
  }
}
