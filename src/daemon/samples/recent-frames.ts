import type { JudgedFrame } from '../../pipelines/runner.ts';
import { sampleId } from './sample.ts';

export interface Judged extends JudgedFrame {
  readonly pipeline: string;
}

/** However small they are. */
const maxCount = 1_000;

/** The frames that were judged last, in memory: a person may still say of one that its verdict was wrong. */
export class RecentFrames {
  readonly #maxBytes: number;
  /** By the id that its sample has or would have, oldest first. */
  readonly #frames = new Map<string, Judged>();
  #bytes = 0;

  constructor({ maxBytes }: { readonly maxBytes: number }) {
    this.#maxBytes = maxBytes;
  }

  add(judged: Judged): void {
    const id = sampleId(judged.pipeline, judged.frame.source, judged.frame.id);
    this.#delete(id);
    this.#frames.set(id, judged);
    this.#bytes += sizeOf(judged);
    for (const oldest of this.#frames.keys()) {
      if (this.#bytes <= this.#maxBytes && this.#frames.size <= maxCount) break;
      this.#delete(oldest);
    }
  }

  get(id: string): Judged | undefined {
    return this.#frames.get(id);
  }

  filter(test: (judged: Judged) => boolean): Judged[] {
    return [...this.#frames.values()].filter(test);
  }

  #delete(id: string): void {
    const judged = this.#frames.get(id);
    if (!judged) return;
    this.#frames.delete(id);
    this.#bytes -= sizeOf(judged);
  }
}

/** A payload may be a slice of what was read from the network at once, and holds all of it. */
function sizeOf({ frame }: Judged): number {
  return frame.payload.buffer.byteLength;
}
