import { mkdtempSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Makes a folder that `tmpdir()` of this process and its children is from now on, and that is gone when it exits; a
 * signal in the middle of it makes it exit, which takes the children along (see `endWithUs`).
 */
export function leaveNothing(): void {
  const folder = mkdtempSync(join(tmpdir(), 'edgeward-'));
  process.env.TMPDIR = folder;
  process.on('exit', () => {
    try {
      // Those that are killed with us may be writing still.
      rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
    } catch (error) {
      process.stderr.write(`Left behind: ${folder} (${error})\n`);
    }
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => process.exit(128 + constants.signals[signal]));
  }
}
