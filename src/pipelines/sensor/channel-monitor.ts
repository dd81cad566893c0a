import { type Level, LimitAlarm } from './limit-alarm.ts';
import type { ChannelOptions } from './options.ts';
import { type Fault, SignalWatch } from './signal-watch.ts';

/** How much of a new interval between values goes into the usual one, and how much longer it counts as at most. */
const intervals = { share: 0.1, longest: 4 };

/** One channel of one source: its signal, and its limits beside any net. */
export class ChannelMonitor {
  readonly #watch: SignalWatch;
  readonly #limits: LimitAlarm;
  readonly #holdMs: number;
  #lastAt: number | undefined;
  #intervalMs: number | undefined;

  constructor(options: ChannelOptions) {
    this.#watch = new SignalWatch(options);
    this.#limits = new LimitAlarm(options.limits);
    this.#holdMs = (options.holdS ?? 0) * 1000;
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

  /** The numbers as values of the channel, NaN for those that are none or have not settled. */
  note(at: number, stepMs: number, numbers: readonly number[]): Float64Array {
    return Float64Array.from(numbers, (number, i) => {
      const time = at + i * stepMs;
      // A pause that nobody told of is one all the same.
      this.#watch.check(time);
      const noted = this.#watch.note(time, number);
      const value = this.#watch.settled(time) ? noted : Number.NaN;
      this.#limits.note(value, this.#observed(time));
      return value;
    });
  }

  /** As time goes by, ms: a value that stands for those that follow goes on being one. */
  check(now: number): void {
    this.#watch.check(now);
    const { value } = this.#watch;
    if (this.#holdMs > 0 && !Number.isNaN(value) && this.#watch.settled(now)) {
      this.#limits.note(value, this.#observed(now));
    }
  }

  end(): void {
    this.#watch.end();
    this.#limits.note(Number.NaN, 0);
  }

  /**
   * How much of the time since the value before was seen, ms: one and a half of the usual intervals, or as long
   * as that value stands. What happened in a longer pause nobody knows.
   */
  #observed(at: number): number {
    const gap = Math.max(0, at - (this.#lastAt ?? at));
    this.#lastAt = at;
    if (gap === 0) return 0;
    const usual = this.#intervalMs ?? gap;
    this.#intervalMs = usual + (Math.min(gap, intervals.longest * usual) - usual) * intervals.share;
    return Math.min(gap, Math.max(1.5 * usual, this.#holdMs));
  }
}
