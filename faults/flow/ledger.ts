import { quantile, rounded } from '../../bench/report.ts';
import type { FlowReport } from './messages.ts';

interface Answer {
  readonly frame?: { readonly id?: string };
  readonly result?: unknown;
  readonly error?: { readonly code: string };
}

/** What became of each frame, from its sender's side. */
export class Ledger {
  readonly #sentAt = new Map<string, number>();
  readonly #acknowledged = new Set<string>();
  /** The verdict on each frame. */
  readonly #verdicts = new Map<string, string>();
  readonly #latencies: number[] = [];
  #duplicated = 0;
  #unidentifiable = 0;

  /** Something was sent that is not acknowledged, or has no result. */
  get isOpen(): boolean {
    return this.#acknowledged.size < this.#sentAt.size || this.#verdicts.size < this.#sentAt.size;
  }

  sent(id: string): void {
    this.#sentAt.set(id, performance.now());
  }

  acknowledged(id: string): void {
    this.#acknowledged.add(id);
  }

  answered({ frame, result, error }: Answer): void {
    const id = frame?.id ?? '';
    const verdict = JSON.stringify(result ?? error?.code);
    const known = this.#verdicts.get(id);
    const sentAt = this.#sentAt.get(id);
    if (sentAt === undefined || (known !== undefined && known !== verdict)) {
      this.#unidentifiable++;
    } else if (known !== undefined) {
      this.#duplicated++;
    } else {
      this.#verdicts.set(id, verdict);
      this.#latencies.push(performance.now() - sentAt);
    }
  }

  /** Tells whether a frame that is sent from now on lacks its result; with `all`, or one that lacks it now. */
  openSince(all: boolean): () => boolean {
    const before = all ? [...this.#sentAt.keys()].filter((id) => !this.#verdicts.has(id)) : [];
    const known = this.#sentAt.size;
    const waiting = new Set(before);
    return () => {
      for (const id of waiting) if (this.#verdicts.has(id)) waiting.delete(id);
      const later = [...this.#sentAt.keys()].slice(known);
      return waiting.size > 0 || !later.some((id) => this.#verdicts.has(id));
    };
  }

  report(skipped: number): FlowReport {
    return {
      sent: this.#sentAt.size,
      acknowledged: this.#acknowledged.size,
      results: this.#verdicts.size,
      lost: [...this.#acknowledged].filter((id) => !this.#verdicts.has(id)),
      duplicated: this.#duplicated,
      unidentifiable: this.#unidentifiable,
      skipped,
      latencyMs: {
        p50: rounded(quantile(this.#latencies, 0.5)),
        p99: rounded(quantile(this.#latencies, 0.99)),
        max: rounded(quantile(this.#latencies, 1)),
      },
    };
  }
}
