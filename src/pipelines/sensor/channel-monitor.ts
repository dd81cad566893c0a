import { type Level, LimitAlarm } from './limit-alarm.ts';
import type { ChannelOptions } from './options.ts';
import { type Fault, SignalWatch } from './signal-watch.ts';

/** One channel of one source: its signal, and its limits beside any net. */
export class ChannelMonitor {
  readonly #watch: SignalWatch;
  readonly #limits: LimitAlarm;

  constructor(options: ChannelOptions) {
    this.#watch = new SignalWatch(options);
    this.#limits = new LimitAlarm(options.limits);
  }

  get value(): number {
    return this.#watch.value;
  }

  get level(): Level {
    return this.#limits.level;
  }

  /** Why the sensor is off. */
  get off(): Fault | undefined {
    return this.#watch.off;
  }

  /** Why there is no value now. */
  get dropout(): Fault | undefined {
    return this.#watch.dropout;
  }

  /** The numbers as values of the channel, NaN for those that are none. */
  note(at: number, stepMs: number, numbers: readonly number[]): Float64Array {
    return Float64Array.from(numbers, (number, i) => {
      const time = at + i * stepMs;
      // A pause that nobody told of is one all the same.
      this.#watch.check(time);
      const value = this.#watch.note(time, number);
      this.#limits.note(time, this.#watch.settled(time) ? value : Number.NaN);
      return value;
    });
  }

  check(now: number): void {
    this.#watch.check(now);
  }

  end(): void {
    this.#watch.end();
    this.#limits.note(0, Number.NaN);
  }
}
