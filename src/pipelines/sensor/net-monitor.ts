import { asGatewayError, GatewayError } from '../../errors.ts';
import type { Manifest, ReadingsInput } from '../../models/manifest.ts';
import { Baseline } from './baseline.ts';
import { channelOf, qualityOf } from './columns.ts';
import { Grid, type Window } from './grid.ts';
import { judge, type Net, type Prepared, prepare, type Verdict } from './net.ts';
import type { SensorOptions } from './options.ts';
import { ScoreAlarm } from './score-alarm.ts';

/** A stretch of samples of one channel, NaN where it dropped out. */
export interface Samples {
  readonly channel: string;
  /** Of the first, ms. */
  readonly at: number;
  readonly stepMs: number;
  readonly values: Float64Array;
}

/** What became of one window. */
export interface Judged {
  readonly end: number;
  readonly quality: number;
  readonly bridged: number;
  readonly verdict?: Verdict;
  /** Why there is none. */
  readonly skipped?: string;
}

/** Windows of one message that are judged at most; of more, the last. */
const maxWindows = 64;

/** Windows of one source on their way through one version of a net, and whether they are an alarm. */
export class NetMonitor {
  readonly manifest: Manifest;
  readonly alarm: ScoreAlarm;
  readonly #readings: ReadingsInput;
  readonly #options: SensorOptions;
  readonly #baseline: Baseline;
  readonly #grid: Grid | undefined;

  /** @throws PIPELINE_FAILED if the net takes no readings, or channels that there are not. */
  constructor(manifest: Manifest, options: SensorOptions) {
    const { readings } = manifest;
    if (!readings) throw misfit('a bundle with `readings`', manifest.name);
    const missing = readings.channels.filter((name) => !Object.hasOwn(options.channels, name));
    if (missing.length > 0)
      throw misfit(`channels ${readings.channels.join(', ')}`, `no ${missing.join(', ')}`);
    this.manifest = manifest;
    this.alarm = new ScoreAlarm(options);
    this.#readings = readings;
    this.#options = options;
    this.#baseline = new Baseline(readings, options);
    const { window, stride, rateHz, channels } = readings;
    const holds = channels.map((name) => options.channels[name]?.holdS ?? undefined);
    if (readings.align === 'stream') {
      this.#grid = new Grid({
        channels: channels.length,
        stepMs: 1000 / rateHz,
        window,
        stride,
        holdMs: holds.map((seconds) => (seconds === undefined ? undefined : seconds * 1000)),
        latenessMs: options.latenessS * 1000,
      });
    }
  }

  get late(): number {
    return this.#grid?.late ?? 0;
  }

  /** Channels whose normal has drifted as far as it is followed. */
  get drifted(): string[] {
    const { spent } = this.#baseline;
    const channels = new Set([...spent].map((column) => channelOf(this.#readings, column)));
    return this.#readings.channels.filter((_, i) => channels.has(i));
  }

  /** Step of the samples in a list whose channel does not say, ms. */
  get stepMs(): number {
    return 1000 / this.#readings.rateHz;
  }

  /**
   * The windows that end with these samples, judged together so that they make one batch. A net that does not
   * answer costs its verdicts and nothing else.
   * @throws STOPPED
   */
  async note(samples: readonly Samples[], model: Net): Promise<Judged[]> {
    const windows = (this.#grid ? this.#gridded(this.#grid, samples) : this.#whole(samples)).slice(
      -maxWindows,
    );
    const judged = await Promise.all(windows.map((window) => this.#judge(window, model)));
    return judged.map(({ prepared, ...result }) => {
      if (result.verdict) this.alarm.note(result.verdict.score);
      if (prepared) this.#baseline.note(result.end, prepared);
      return result;
    });
  }

  #gridded(grid: Grid, samples: readonly Samples[]): Window[] {
    for (const { channel, at, stepMs, values } of samples) {
      const index = this.#readings.channels.indexOf(channel);
      if (index < 0) continue;
      const first = grid.joined(index, at, values.length, stepMs);
      for (const [i, value] of values.entries()) grid.put(index, first + i * stepMs, value);
    }
    return grid.close();
  }

  /** One message is one window: every channel with as many samples as the net takes. */
  #whole(samples: readonly Samples[]): Window[] {
    const { channels, window } = this.#readings;
    const found = channels.flatMap((name) => samples.find(({ channel }) => channel === name) ?? []);
    if (found.length === 0) return [];
    const [first] = found;
    const fits = found.length === channels.length && found.every(({ values }) => values.length === window);
    const end = (first?.at ?? 0) + (window - 1) * (first?.stepMs ?? 0);
    return [{ end, values: fits ? found.map(({ values }) => values) : [] }];
  }

  async #judge({ end, values }: Window, model: Net): Promise<Judged & { prepared?: Prepared }> {
    if (values.length === 0) {
      const { window, channels } = this.#readings;
      const skipped = `Expected ${window} samples of ${channels.join(', ')} in a message but received others`;
      return { end, quality: 0, bridged: 0, skipped };
    }
    const quality = qualityOf(values);
    const { measured, bridged } = quality;
    if (measured < this.#options.minQuality || measured === 0) {
      return { end, quality: measured, bridged: 0, skipped: 'Too little of the window was measured' };
    }
    const prepared = prepare(this.#readings, values, quality, this.#baseline.drift);
    try {
      const verdict = await judge(model, this.manifest, prepared, this.#options);
      if (model.manifest !== this.manifest) {
        // Answered by a version that takes another scale of things: nobody can say which.
        return { end, quality: measured, bridged, skipped: 'The net was replaced meanwhile' };
      }
      return { end, quality: measured, bridged, verdict, prepared };
    } catch (thrown) {
      const error = asGatewayError(thrown, 'PIPELINE_FAILED');
      if (error.code === 'STOPPED') throw error;
      return { end, quality: measured, bridged, skipped: `${error.code}: ${error.message}` };
    }
  }
}

function misfit(expected: string, received: string): GatewayError {
  return new GatewayError('PIPELINE_FAILED', `Expected ${expected} for sensor but received ${received}`);
}
