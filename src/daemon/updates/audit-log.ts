import { mkdir, open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Logger } from '../../log.ts';

/** One line: what was asked, verified or done, and by whom. */
export interface AuditEntry {
  readonly model: string;
  readonly what: string;
  readonly [detail: string]: unknown;
}

/** A file of this size becomes `<file>.1`, in place of the one before. */
const maxBytes = 8 * 2 ** 20;
/** Lines that wait for the disk; more are dropped, and the log has them. */
const maxWaiting = 1_000;

/** Appends lines of JSON that tell later what happened to the models and why. */
export class AuditLog {
  readonly #file: string;
  readonly #log: Logger;
  #queue: Promise<void> = Promise.resolve();
  #waiting = 0;

  constructor({ file, log }: { file: string; log: Logger }) {
    this.#file = file;
    this.#log = log;
  }

  /** Never fails: a full disk must not keep a bad version in charge. */
  write(entry: AuditEntry): void {
    this.#log.info({ audit: entry }, 'Audit');
    if (this.#waiting >= maxWaiting) return;
    this.#waiting++;
    const line = `${JSON.stringify({ at: new Date().toISOString(), ...entry })}\n`;
    this.#queue = this.#queue
      .then(() => this.#append(line))
      .catch((err) => this.#log.error({ err, file: this.#file }, 'Audit log not written'))
      .finally(() => {
        this.#waiting--;
      });
  }

  /** Resolves when everything is written. */
  flushed(): Promise<void> {
    return this.#queue;
  }

  async #append(line: string): Promise<void> {
    await mkdir(dirname(this.#file), { recursive: true });
    const handle = await open(this.#file, 'a', 0o640);
    try {
      await handle.appendFile(line);
      await handle.datasync();
      if ((await handle.stat()).size > maxBytes) await rename(this.#file, `${this.#file}.1`);
    } finally {
      await handle.close();
    }
  }
}
