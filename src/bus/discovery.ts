import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../log.ts';
import type { Service } from '../service.ts';
import type { Bus, Message } from './bus.ts';
import {
  type Component,
  type Device,
  type GatewayDescription,
  gatewayDevice,
  gatewayDeviceId,
  type ModelDescription,
  originName,
  type SourceDescription,
  sourceDevice,
} from './home-assistant.ts';
import type { Topics } from './topics.ts';

export interface DiscoveryOptions {
  readonly bus: Bus;
  readonly topics: Topics;
  /** First level of Home Assistant's topics. */
  readonly prefix: string;
  readonly gateway: GatewayDescription;
  /**
   * What a source would be today that an earlier run announced and this one has not seen yet; nothing if the
   * configuration has no place for it any more.
   */
  readonly adopt: (name: string, entry: string) => SourceDescription | undefined;
  readonly log: Logger;
  /** Announcements follow the birth of Home Assistant within this time, not all at its first moment. */
  readonly maxDelayMs?: number;
}

/** What the parts of a payload that are read here look like, whoever wrote it. */
interface Found {
  readonly origin?: { readonly name?: unknown };
  readonly device?: {
    readonly identifiers?: unknown;
    readonly via_device?: unknown;
    readonly model?: unknown;
    readonly model_id?: unknown;
  };
  readonly components?: Readonly<Record<string, { readonly platform?: unknown }>>;
}

const defaultMaxDelayMs = 3_000;
/** How long the last announcements may take to reach the broker at the end. */
const farewellMs = 2_000;

/** Makes Home Assistant show what there is, and forget what an earlier configuration had. */
export class Discovery implements Service {
  readonly #options: DiscoveryOptions;
  readonly #current = new Map<string, Device>();
  /** The last payload of each device, as text. */
  readonly #sent = new Map<string, string>();
  /** Components that a device had and has no more, by device. */
  readonly #gone = new Map<string, Map<string, Component>>();
  /** Sources of an earlier run that may come back, by device. */
  readonly #adopted = new Map<string, { readonly name: string; readonly entry: string }>();
  readonly #removed = new Set<string>();
  readonly #stopping = new AbortController();
  readonly #unsubscribe: (() => Promise<void>)[] = [];
  /** Messages of one device must not overtake each other. */
  #queue: Promise<void> = Promise.resolve();
  #birthPending = false;
  #earlier: Promise<void> | undefined;

  constructor(options: DiscoveryOptions) {
    this.#options = options;
  }

  /** Follow it with `announce`: before, nothing is known to be stale. */
  async start(signal: AbortSignal): Promise<void> {
    const { bus, prefix } = this.#options;
    signal.throwIfAborted();
    bus.onConnection((connected) => {
      // A broker without a disk forgets what it retained.
      if (connected) this.#again();
    });
    this.#unsubscribe.push(await bus.subscribe(`${prefix}/status`, (message) => this.#onBirth(message)));
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    for (const unsubscribe of this.#unsubscribe.splice(0)) await unsubscribe();
    // A broker that is away takes what waits for it when it is back, which may be never.
    if (this.#options.bus.connected)
      await Promise.race([this.#queue, delay(farewellMs, undefined, { ref: false })]);
  }

  /**
   * Announces all that there is now: what changed is published, what is missing is removed. Resolves when the
   * broker has accepted it or the failure is logged; it is made up for at the next connection.
   */
  async announce(content: {
    models: readonly ModelDescription[];
    sources: readonly SourceDescription[];
  }): Promise<void> {
    const { topics, gateway } = this.#options;
    const seen = content.sources.map((source) => sourceDevice(topics, gateway, source));
    for (const { id } of seen) this.#adopted.delete(id);
    const wanted = [gatewayDevice(topics, gateway, content.models), ...seen, ...this.#adoptAgain()];
    const ids = new Set(wanted.map(({ id }) => id));
    for (const id of [...this.#current.keys()].filter((id) => !ids.has(id))) this.#remove(id);
    if (!this.#earlier) for (const device of wanted) this.#current.set(device.id, device);
    this.#earlier ??= this.#readEarlier();
    await this.#earlier;
    for (const device of wanted) this.#put(device);
    await this.#queue;
  }

  /** Before anything is written over it. What is retained comes when it is subscribed to. */
  async #readEarlier(): Promise<void> {
    const { bus, prefix, log } = this.#options;
    if (this.#stopping.signal.aborted) return;
    try {
      const filter = `${prefix}/device/+/config`;
      const unsubscribe = await bus.subscribe(filter, (message) => this.#onAnnouncement(message), { qos: 1 });
      this.#unsubscribe.push(unsubscribe);
    } catch (err) {
      log.warn({ err }, 'Earlier announcements for Home Assistant not read');
    }
  }

  #adoptAgain(): Device[] {
    return [...this.#adopted.values()].flatMap(({ name, entry }) => this.#adopt(name, entry) ?? []);
  }

  #adopt(name: string, entry: string): Device | undefined {
    const { adopt, topics, gateway } = this.#options;
    const source = adopt(name, entry);
    return source && sourceDevice(topics, gateway, source);
  }

  #put(device: Device, had: Readonly<Record<string, unknown>> = {}): void {
    const before = this.#current.get(device.id);
    const gone = this.#gone.get(device.id) ?? new Map<string, Component>();
    const known = Object.entries({ ...had, ...before?.payload.components });
    const size = gone.size;
    for (const [key, component] of known) {
      const platform = platformOf(component);
      if (!(key in device.payload.components) && platform) gone.set(key, { platform });
    }
    for (const key of Object.keys(device.payload.components)) gone.delete(key);
    this.#gone.set(device.id, gone);
    this.#removed.delete(device.id);
    this.#current.set(device.id, device);
    if (gone.size > size || this.#sent.get(device.id) !== JSON.stringify(device.payload))
      this.#publish(device);
  }

  #remove(id: string): void {
    this.#current.delete(id);
    this.#gone.delete(id);
    this.#sent.delete(id);
    this.#adopted.delete(id);
    this.#removed.add(id);
    this.#send(id, '');
  }

  /** A component is removed by naming its platform and nothing else once; then it is left out. */
  #publish({ id, payload }: Device): void {
    const gone = this.#gone.get(id);
    if (gone && gone.size > 0) {
      const components = { ...payload.components, ...Object.fromEntries(gone) };
      this.#send(id, JSON.stringify({ ...payload, components }));
    }
    const text = JSON.stringify(payload);
    this.#sent.set(id, text);
    this.#send(id, text);
  }

  #send(id: string, payload: string): void {
    const { bus, prefix, log } = this.#options;
    this.#queue = this.#queue
      .then(() => bus.publish(`${prefix}/device/${id}/config`, payload, { qos: 1, retain: true }))
      .catch((err) => {
        if (this.#stopping.signal.aborted) return;
        log.warn({ err, device: id }, 'Announcement for Home Assistant not accepted');
      });
  }

  #again(): void {
    if (this.#stopping.signal.aborted) return;
    for (const id of this.#removed) this.#send(id, '');
    for (const device of this.#current.values()) this.#publish(device);
  }

  /** Home Assistant has started: it has to hear everything again, but not from everyone at once. */
  async #onBirth({ payload }: Message): Promise<void> {
    if (payload.toString() !== 'online' || this.#birthPending) return;
    this.#birthPending = true;
    const ms = Math.random() * (this.#options.maxDelayMs ?? defaultMaxDelayMs);
    await delay(ms, undefined, { signal: this.#stopping.signal, ref: false }).catch(() => {});
    this.#birthPending = false;
    this.#again();
  }

  /** What this or an earlier run of the gateway has announced comes by. */
  #onAnnouncement({ topic, payload }: Message): void {
    const id = topic.split('/').at(-2) ?? '';
    if (payload.length === 0 || this.#removed.has(id)) return;
    const found = parse(payload);
    if (!found || !this.#isOwn(found)) return;
    const name = String(found.device?.model_id);
    const entry = String(found.device?.model);
    const device = this.#current.get(id) ?? this.#adopt(name, entry);
    if (device?.id === id) {
      if (!this.#current.has(id)) this.#adopted.set(id, { name, entry });
      this.#put(device, found.components);
    } else {
      this.#options.log.info({ device: id }, 'Stale device of Home Assistant removed');
      this.#remove(id);
    }
  }

  #isOwn({ origin, device }: Found): boolean {
    const gateway = gatewayDeviceId(this.#options.gateway);
    const { identifiers, via_device } = device ?? {};
    const itself = Array.isArray(identifiers) && identifiers.includes(gateway);
    return origin?.name === originName && (itself || via_device === gateway);
  }
}

function parse(payload: Buffer): Found | undefined {
  try {
    const found: unknown = JSON.parse(payload.toString('utf8'));
    return typeof found === 'object' && found !== null ? (found as Found) : undefined;
  } catch {
    return undefined; // Not ours: anyone may write there.
  }
}

/** Undefined also for a component that is named for its removal. */
function platformOf(component: unknown): string | undefined {
  if (typeof component !== 'object' || component === null || !('unique_id' in component)) return undefined;
  return 'platform' in component && typeof component.platform === 'string' ? component.platform : undefined;
}
