import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** For the whole suite: what tests lay down in `tmpdir()` is gone after it. */
export default async function scratchFolder(): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'edgeward-tests-'));
  process.env.TMPDIR = folder;
  return () => rm(folder, { recursive: true, force: true });
}
