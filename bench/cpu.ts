import { readFile } from 'node:fs/promises';

/** CPU time of a process since its start, ms. Of proc(5): fields 14 and 15 of /proc/PID/stat, ticks of 10 ms. */
export async function cpuMs(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** CPU time of a process and of those that it has started and that still run, ms. */
export async function treeCpuMs(pid: number): Promise<number> {
  return (await Promise.all((await processTree(pid)).map(cpuMs))).reduce((sum, ms) => sum + ms, 0);
}

/** A process, then those that it has started and that still run. */
export async function processTree(pid: number): Promise<number[]> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  return [pid, ...children.split(' ').filter(Boolean).map(Number)];
}
