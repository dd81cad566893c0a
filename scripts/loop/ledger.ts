/** What the gateway published about a frame. */
export interface Verdict {
  readonly frame: { readonly id: string };
  readonly models: readonly { readonly version: string }[];
  readonly result?: { readonly class: string };
  readonly error?: { readonly code: string };
}

interface Tally {
  /** Frames that it judged. */
  readonly frames: number;
  /** Of these. */
  readonly right: number;
}

export interface Balance {
  /** Frames that the broker has acknowledged. */
  readonly sent: number;
  readonly answered: number;
  /** Acknowledged, and no answer came. */
  readonly lost: number;
  /** With more than one answer. */
  readonly repeated: number;
  /** Answered with a code, by code. */
  readonly errors: Readonly<Record<string, number>>;
  readonly versions: ReadonlyMap<string, Tally>;
}

interface Entry {
  readonly label: string;
  acknowledged: boolean;
  answers: number;
}

/** Every frame, and what became of it. */
export class Ledger {
  readonly #frames = new Map<string, Entry>();
  readonly #versions = new Map<string, { frames: number; right: number }>();
  readonly #errors: Record<string, number> = {};

  /** @param label what the frame shows. */
  sending(id: string, label: string): void {
    this.#frames.set(id, { label, acknowledged: false, answers: 0 });
  }

  acknowledged(id: string): void {
    const entry = this.#frames.get(id);
    if (entry) entry.acknowledged = true;
  }

  answered({ frame, models, result, error }: Verdict): void {
    const entry = this.#frames.get(frame.id);
    if (!entry) return;
    entry.answers++;
    if (error) this.#errors[error.code] = (this.#errors[error.code] ?? 0) + 1;
    const version = models[0]?.version;
    if (version === undefined || !result) return;
    const tally = this.#versions.get(version) ?? { frames: 0, right: 0 };
    this.#versions.set(version, tally);
    tally.frames++;
    if (result.class === entry.label) tally.right++;
  }

  balance(): Balance {
    const all = [...this.#frames.values()];
    const count = (of: (entry: Entry) => boolean) => all.filter(of).length;
    return {
      sent: count(({ acknowledged }) => acknowledged),
      answered: count(({ answers }) => answers > 0),
      lost: count(({ acknowledged, answers }) => acknowledged && answers === 0),
      repeated: count(({ answers }) => answers > 1),
      errors: this.#errors,
      versions: this.#versions,
    };
  }
}
