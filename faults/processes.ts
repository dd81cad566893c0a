import { readdir, readFile } from 'node:fs/promises';
import { platform } from 'node:os';

/** What a process and those that it has started use. */
export interface Footprint {
  readonly processes: number;
  /** Resident memory, MB. */
  readonly mb: number;
  /** The same of each, the first one's before those of its children. */
  readonly mbOfEach: readonly number[];
  readonly openFiles: number;
}

/** Why footprints are not to be had here, if they are not. */
export const withoutFootprint = platform() === 'linux' ? undefined : 'there is no /proc';

/** Of proc(5). */
export async function footprintOf(pid: number): Promise<Footprint> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  const pids = [pid, ...children.split(' ').filter(Boolean).map(Number)];
  const each = await Promise.all(
    pids.map(async (one) => {
      const status = await readFile(`/proc/${one}/status`, 'utf8').catch(() => '');
      const files = await readdir(`/proc/${one}/fd`).catch(() => []);
      return { mb: Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024, files: files.length };
    }),
  );
  const mbOfEach = each.map(({ mb }) => mb);
  return {
    processes: pids.length,
    mb: mbOfEach.reduce((sum, mb) => sum + mb, 0),
    mbOfEach,
    openFiles: each.reduce((sum, { files }) => sum + files, 0),
  };
}
