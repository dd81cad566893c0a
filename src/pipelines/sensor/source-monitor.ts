import { GatewayError } from '../../errors.ts';
import type { Frame } from '../frame.ts';
import { ChannelMonitor } from './channel-monitor.ts';
import type { Net } from './net.ts';
import { type Judged, NetMonitor, type Samples } from './net-monitor.ts';
import type { SensorOptions } from './options.ts';
import { createReader, type Reader } from './reader.ts';

/** What one message led to. */
export interface Outcome {
  readonly channels: ReadonlyMap<string, ChannelMonitor>;
  readonly windows: readonly Judged[];
  /** The net's alarm; `undefined` without a net. */
  readonly anomaly: boolean | undefined;
  /** Why there are no windows, though there should be. */
  readonly netError: string | undefined;
  readonly late: number;
  /** Channels whose normal has drifted as far as it is followed. */
  readonly drifted: readonly string[];
}

/** The year 9999, ms: what comes later is no time, and `Date` could soon not say what it is. */
const latest = 253_402_300_799_999;

/** Everything that is remembered of one source. */
export class SourceMonitor {
  readonly #options: SensorOptions;
  readonly #reader: Reader;
  readonly #channels: ReadonlyMap<string, ChannelMonitor>;
  readonly #names: readonly string[];
  #net: NetMonitor | undefined;
  #now = Number.NEGATIVE_INFINITY;

  constructor(options: SensorOptions) {
    this.#options = options;
    this.#reader = createReader(options);
    this.#names = Object.keys(options.channels);
    this.#channels = new Map(
      Object.entries(options.channels).map(([name, channel]) => [name, new ChannelMonitor(channel)]),
    );
  }

  /** @throws FRAME_INVALID */
  async note(frame: Frame, model: Net | undefined): Promise<Outcome> {
    const { readings, death } = await this.#reader.read(frame);
    const netError = model && this.#follow(model);
    const samples = readings.map(({ channel, values, at }): Samples => {
      const name = this.#names[channel] ?? '';
      const stepMs = this.#stepMs(name);
      const first = at ?? (frame.capturedAt ?? frame.receivedAt) - (values.length - 1) * stepMs;
      if (!(first >= -latest && first <= latest)) {
        throw new GatewayError(
          'FRAME_INVALID',
          `Expected a time before the year 10000 but received ${first}`,
        );
      }
      const noted = this.#channels.get(name)?.note(first, stepMs, values) ?? new Float64Array();
      // Times that go back, as of a clock that was set, must not make everyone look silent.
      this.#now = first + (values.length - 1) * stepMs;
      return { channel: name, at: first, stepMs, values: noted };
    });
    for (const channel of this.#channels.values()) {
      if (death) channel.end();
      else channel.check(this.#now);
    }
    const net = netError === undefined ? this.#net : undefined;
    const windows = net && model ? await net.note(samples, model) : [];
    return {
      channels: this.#channels,
      windows,
      anomaly: this.#net?.alarm.active,
      netError,
      late: this.#net?.late ?? 0,
      drifted: this.#net?.drifted ?? [],
    };
  }

  #stepMs(name: string): number {
    const rateHz = this.#options.channels[name]?.rateHz;
    return rateHz ? 1000 / rateHz : (this.#net?.stepMs ?? 0);
  }

  /** Keeps to the version of the net that is loaded; a new one learns its windows and its alarm anew. */
  #follow(model: Net): string | undefined {
    const { manifest } = model;
    if (!manifest) return 'MODEL_UNAVAILABLE';
    if (this.#net?.manifest === manifest) return undefined;
    try {
      this.#net = new NetMonitor(manifest, this.#options);
      return undefined;
    } catch (error) {
      this.#net = undefined;
      if (error instanceof GatewayError) return `${error.code}: ${error.message}`;
      throw error;
    }
  }
}
