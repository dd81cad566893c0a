import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Whatever a part of the campaign has started is gone when it is over, in reverse, also when it fails. */
export class Scratch {
  readonly #ends: (() => Promise<unknown>)[] = [];

  /** Takes charge of something that has to be stopped. */
  use<T>(started: T, end: (started: T) => Promise<unknown>): T {
    this.#ends.push(() => end(started));
    return started;
  }

  async folder(within = tmpdir()): Promise<string> {
    const path = await mkdtemp(join(within, 'edgeward-faults-'));
    // A daemon that runs as somebody else looks into it too.
    await chmod(path, 0o755);
    return this.use(path, () => rm(path, { recursive: true, force: true }));
  }

  async close(): Promise<void> {
    for (const end of this.#ends.splice(0).reverse()) await end();
  }
}

export async function withScratch<T>(work: (scratch: Scratch) => Promise<T>): Promise<T> {
  const scratch = new Scratch();
  try {
    return await work(scratch);
  } finally {
    await scratch.close();
  }
}
