import type { ChannelOptions } from './options.ts';

/** Why a sensor says nothing that counts. */
export type Fault = 'silent' | 'invalid' | 'range' | 'flat' | 'death';

/**
 * Whether one channel's sensor is there. A value that is none is a dropout at once; a sensor without a valid
 * value for `silentS`, or whose value never moves for `flatS`, is off.
 */
export class SignalWatch {
  readonly #options: ChannelOptions;
  #validAt: number | undefined;
  #startedAt: number | undefined;
  /** When values became valid again after a dropout. */
  #resumedAt: number | undefined;
  #dropout: Fault | undefined;
  #value = Number.NaN;
  #movedAt = 0;
  #off: Fault | undefined;

  constructor(options: ChannelOptions) {
    this.#options = options;
  }

  /** Why the sensor is off; `undefined` while it is on. */
  get off(): Fault | undefined {
    return this.#off;
  }

  /** The last value that counts; NaN during a dropout. */
  get value(): number {
    return this.#dropout || this.#off ? Number.NaN : this.#value;
  }

  get dropout(): Fault | undefined {
    return this.#off ?? this.#dropout;
  }

  /** The number as a value of the channel, NaN if it is none. */
  note(at: number, raw: number): number {
    const { scale, offset, min, max, invalid, flatS } = this.#options;
    this.#startedAt ??= at;
    const value = raw * scale + offset;
    const fault = !Number.isFinite(value) || invalid.includes(raw) ? 'invalid' : undefined;
    const outside = value < (min ?? Number.NEGATIVE_INFINITY) || value > (max ?? Number.POSITIVE_INFINITY);
    this.#turn(fault ?? (outside ? 'range' : undefined), at);
    if (this.#dropout) return Number.NaN;
    if (value !== this.#value) {
      this.#movedAt = at;
      if (this.#off === 'flat') this.#resumedAt = at;
    }
    this.#value = value;
    this.#validAt = at;
    const flat = flatS !== null && at - this.#movedAt >= flatS * 1000;
    this.#off = flat ? 'flat' : undefined;
    return flat ? Number.NaN : value;
  }

  #turn(dropout: Fault | undefined, at: number): void {
    const silent = this.#off !== undefined && this.#off !== 'flat';
    if (!dropout && (this.#dropout || silent)) {
      this.#resumedAt = at;
      // What it said before says nothing of whether it moves now.
      this.#value = Number.NaN;
    }
    this.#dropout = dropout;
  }

  /** The device went. */
  end(): void {
    this.#dropout = 'death';
    this.#off = 'death';
  }

  /** As time goes by, ms. */
  check(now: number): void {
    const since = this.#validAt ?? this.#startedAt ?? now;
    this.#startedAt ??= now;
    if (!this.#off && now - since >= this.#options.silentS * 1000 && this.#options.silentS > 0) {
      this.#off = this.#dropout ?? 'silent';
    }
  }

  /** Whether values count for limits again after a dropout. */
  settled(at: number): boolean {
    return this.#resumedAt === undefined || at - this.#resumedAt >= this.#options.settleS * 1000;
  }
}
