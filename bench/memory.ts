import { readFile } from 'node:fs/promises';
import { processTree } from './cpu.ts';

const kilobyte = 1024;

/** Resident memory of a process and of those that it has started, bytes each, the first one first. */
export async function residentBytes(pid: number): Promise<number[]> {
  const pids = await processTree(pid);
  return Promise.all(
    pids.map(async (one) => {
      const status = await readFile(`/proc/${one}/status`, 'utf8').catch(() => '');
      return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * kilobyte;
    }),
  );
}
