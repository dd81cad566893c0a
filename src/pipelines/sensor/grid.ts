/** Values of all channels at the same times, `length` steps that end at `end`. */
export interface Window {
  /** Time of the last step, ms. */
  readonly end: number;
  /** By channel; NaN where nothing was measured. */
  readonly values: readonly Float64Array[];
}

export interface GridOptions {
  readonly channels: number;
  readonly stepMs: number;
  /** Steps of a window, and from one window to the next. */
  readonly window: number;
  readonly stride: number;
  /** By channel: how long a value stands for those that follow, ms; `undefined`: 1.5 steps. */
  readonly holdMs: readonly (number | undefined)[];
  readonly latenessMs: number;
}

/** Steps that may be open at once: two of the longest lists. */
const maxOpen = 2 ** 17;
/** What most need; the room grows with what comes. */
const firstOpen = 64;
/** Samples in a row from before the window that mean that the clock was set back. */
const maxOld = 10;

/**
 * Brings samples of several channels, each with its own times, to common steps: the mean of those that fall
 * into a step, else the last value for as long as it holds, else a gap (NaN). A step closes when every
 * channel has come that far, or `latenessMs` after the first has; what comes later still is counted.
 */
export class Grid {
  readonly #options: GridOptions;
  #size = firstOpen;
  #sums: readonly Float64Array[];
  #counts: readonly Uint32Array[];
  readonly #closed: readonly Float64Array[];
  readonly #lastAt: number[];
  readonly #heldAt: number[];
  readonly #held: number[];
  #origin: number | undefined;
  /** The first open step, and the number of those closed since the origin. */
  #next = 0;
  #newest = Number.NEGATIVE_INFINITY;
  #windowEnd = 0;
  #several = false;
  #old = 0;
  /** Samples that came after their step was closed. */
  late = 0;

  constructor(options: GridOptions) {
    const { channels, window } = options;
    this.#options = options;
    const each = <T>(make: () => T) => Array.from({ length: channels }, make);
    this.#sums = each(() => new Float64Array(this.#size));
    this.#counts = each(() => new Uint32Array(this.#size));
    this.#closed = each(() => new Float64Array(window));
    this.#lastAt = each(() => Number.NEGATIVE_INFINITY);
    this.#heldAt = each(() => Number.NEGATIVE_INFINITY);
    this.#held = each(() => Number.NaN);
  }

  /** Where consecutive samples belong that come at `at`: a list joins the one before it over a little jitter. */
  joined(channel: number, at: number, count: number, stepMs: number): number {
    const expected = (this.#lastAt[channel] ?? Number.NEGATIVE_INFINITY) + stepMs;
    const tolerance = Math.max(2 * stepMs, 2, (count * stepMs) / 4);
    return count > 1 && Math.abs(at - expected) <= tolerance ? expected : at;
  }

  /** NaN: there is none, and none before it stands for it. */
  put(channel: number, at: number, value: number): void {
    const { stepMs, window } = this.#options;
    let step = this.#stepOf(at);
    if (step < this.#next) {
      this.#late(step);
      if (this.#origin !== undefined) return;
      step = this.#stepOf(at);
    }
    this.#old = 0;
    // A pause as long as a window leaves nothing of it.
    if (at - this.#newest >= window * stepMs || step - this.#next >= maxOpen) {
      this.#restart();
      step = this.#stepOf(at);
    }
    while (step - this.#next >= this.#size) this.#grow();
    const cell = step % this.#size;
    const sums = this.#sums[channel];
    const counts = this.#counts[channel];
    if (!sums || !counts) return;
    if ((counts[cell] ?? 0) > 0) this.#several = true;
    sums[cell] = (counts[cell] === 0 ? 0 : (sums[cell] ?? 0)) + value;
    counts[cell] = (counts[cell] ?? 0) + 1;
    this.#lastAt[channel] = Math.max(this.#lastAt[channel] ?? at, at);
    this.#newest = Math.max(this.#newest, at);
  }

  /** Closes the steps that are complete and returns the windows that end in them. */
  close(): Window[] {
    if (this.#origin === undefined) return [];
    const { stepMs, window, stride } = this.#options;
    // Where several samples share a step, more may come for the newest.
    const complete = Math.floor((this.#watermark() - this.#origin) / stepMs + 0.5) - (this.#several ? 1 : 0);
    const windows: Window[] = [];
    for (; this.#next <= complete; this.#next++) {
      this.#closeStep(this.#next);
      const done = this.#next + 1;
      if (done < window || done - this.#windowEnd < (this.#windowEnd === 0 ? 0 : stride)) continue;
      this.#windowEnd = done;
      windows.push(this.#windowAt(this.#next));
    }
    return windows;
  }

  #stepOf(at: number): number {
    this.#origin ??= at;
    return Math.round((at - this.#origin) / this.#options.stepMs);
  }

  #late(step: number): void {
    if (step === this.#next - 1) {
      this.#several = true;
      return;
    }
    this.late++;
    const before = step < this.#next - this.#options.window;
    this.#old = before ? this.#old + 1 : 0;
    if (this.#old >= maxOld) this.#restart();
  }

  #grow(): void {
    const size = this.#size * 2;
    const moved = <T extends Float64Array | Uint32Array>(from: T, to: T): T => {
      for (let i = 0; i < this.#size; i++)
        to[(this.#next + i) % size] = from[(this.#next + i) % this.#size] ?? 0;
      return to;
    };
    this.#sums = this.#sums.map((sums) => moved(sums, new Float64Array(size)));
    this.#counts = this.#counts.map((counts) => moved(counts, new Uint32Array(size)));
    this.#size = size;
  }

  #restart(): void {
    for (const counts of this.#counts) counts.fill(0);
    this.#lastAt.fill(Number.NEGATIVE_INFINITY);
    this.#heldAt.fill(Number.NEGATIVE_INFINITY);
    this.#origin = undefined;
    this.#next = 0;
    this.#windowEnd = 0;
    this.#newest = Number.NEGATIVE_INFINITY;
    this.#old = 0;
  }

  #watermark(): number {
    const { holdMs, latenessMs } = this.#options;
    const reached = this.#lastAt.map((at, channel) => at + (holdMs[channel] ?? 0));
    return Math.min(this.#newest, Math.max(Math.min(...reached), this.#newest - latenessMs));
  }

  #closeStep(step: number): void {
    const { stepMs, window, holdMs } = this.#options;
    const at = (this.#origin ?? 0) + step * stepMs;
    const cell = step % this.#size;
    for (const [channel, closed] of this.#closed.entries()) {
      const counts = this.#counts[channel];
      const count = counts?.[cell] ?? 0;
      if (count > 0) {
        this.#held[channel] = (this.#sums[channel]?.[cell] ?? Number.NaN) / count;
        this.#heldAt[channel] = at;
        if (counts) counts[cell] = 0;
      }
      const holds = at - (this.#heldAt[channel] ?? 0) <= (holdMs[channel] ?? 1.5 * stepMs);
      closed[step % window] = holds ? (this.#held[channel] ?? Number.NaN) : Number.NaN;
    }
  }

  #windowAt(last: number): Window {
    const { window, stepMs } = this.#options;
    const first = (last + 1) % window;
    const values = this.#closed.map((ring) => {
      const copy = new Float64Array(window);
      copy.set(ring.subarray(first), 0);
      copy.set(ring.subarray(0, first), window - first);
      return copy;
    });
    return { end: (this.#origin ?? 0) + last * stepMs, values };
  }
}
