export type Verdict = 'ok' | 'ng' | 'unsure';

export interface Tally {
  readonly parts: number;
  readonly ok: number;
  readonly ng: number;
  readonly unsure: number;
  /** The share of all parts that are OK. */
  readonly yield: number;
  /** Defect rate over the last `window` parts. */
  readonly rate: number;
  /** Upper limit of the p-chart; `null` until there is a rate to expect. */
  readonly limit: number | null;
  /** More defects than chance explains. */
  readonly rateAlarm: boolean;
}

/** Standard errors between the expected rate and the limit, as Shewhart's charts have them. */
const sigmas = 3;

/** The parts of one line since the last reset, and whether its defect rate is what chance allows. */
export class Line {
  readonly #window: Uint8Array;
  readonly #expected: number | null;
  #counts = { ok: 0, ng: 0, unsure: 0 };
  #inWindow = 0;
  #parts = 0;

  constructor({ window, expectedRate }: { readonly window: number; readonly expectedRate: number | null }) {
    this.#window = new Uint8Array(window);
    this.#expected = expectedRate;
  }

  note(verdict: Verdict): Tally {
    const size = this.#window.length;
    const at = this.#parts % size;
    const isNg = verdict === 'ng' ? 1 : 0;
    this.#inWindow += isNg - (this.#window[at] ?? 0);
    this.#window[at] = isNg;
    this.#parts++;
    this.#counts[verdict]++;
    return this.tally();
  }

  tally(): Tally {
    const size = this.#window.length;
    const { ok, ng, unsure } = this.#counts;
    const parts = this.#parts;
    const rate = parts === 0 ? 0 : this.#inWindow / Math.min(parts, size);
    const limit = this.#limit();
    return {
      parts,
      ok,
      ng,
      unsure,
      yield: parts === 0 ? 1 : ok / parts,
      rate,
      limit,
      rateAlarm: limit !== null && parts >= size && rate > limit,
    };
  }

  reset(): void {
    this.#counts = { ok: 0, ng: 0, unsure: 0 };
    this.#window.fill(0);
    this.#inWindow = 0;
    this.#parts = 0;
  }

  /** p + 3 √(p (1 - p) / n) (NIST/SEMATECH e-Handbook of Statistical Methods, 6.3.3.2). */
  #limit(): number | null {
    const size = this.#window.length;
    const before = this.#parts - size;
    if (this.#expected === null && before < size) return null;
    // One more part of each kind than was seen: no defect so far does not mean that there never is one.
    const p = this.#expected ?? (this.#counts.ng - this.#inWindow + 1) / (before + 2);
    return Math.min(1, p + sigmas * Math.sqrt((p * (1 - p)) / size));
  }
}
