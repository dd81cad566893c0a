/** Swaps one after the other, there and back: what they leave behind. */
import { readdir, readFile } from 'node:fs/promises';
import { startDaemon } from '../daemon.ts';
import { rounded } from '../report.ts';
import { askGateway, releaseDigits } from './repository.ts';

export async function swapInARow(swaps: number, say: (line: string) => void) {
  const repository = await releaseDigits(['9.0.0']);
  const daemon = await startDaemon(`${repository.yaml.replace('intervalS', 'storeBytes: 0, intervalS')}
models: { digits: { bundle: 'builtin:digits', instances: 1, update: { probation: { seconds: 0 } } } }
sources: { line: { topic: 'bench/{source}/digit' } }
pipelines: { digits: { use: classify, models: { classifier: digits }, mailbox: every } }
`);
  const memory: number[] = [];
  try {
    const before = await leftovers(daemon.pid);
    for (let swap = 1; swap <= swaps; swap++) {
      if (swap % 2 === 1) await askGateway(daemon.port, 'model/update', { retry: true });
      else await askGateway(daemon.port, 'model/rollback', {});
      memory.push(await residentBytes(daemon.pid));
      if (swap % 20 === 0) say(`${swap} swaps: daemon ${Math.round((memory.at(-1) ?? 0) / 2 ** 20)} MB`);
    }
    const after = await leftovers(daemon.pid);
    return { memory, before, after };
  } finally {
    await daemon.stop();
    await repository.remove();
  }
}

/** Of the last quarter against the quarter before it. */
export function growth(memory: readonly number[]): number {
  const quarter = Math.floor(memory.length / 4);
  const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  return rounded((mean(memory.slice(-quarter)) / mean(memory.slice(-2 * quarter, -quarter)) - 1) * 100);
}

async function residentBytes(pid: number): Promise<number> {
  const [, pages] = (await readFile(`/proc/${pid}/statm`, 'utf8')).split(' ');
  return Number(pages) * 4096;
}

/** Processes of the daemon, and files that it has open. */
async function leftovers(pid: number): Promise<{ processes: number; openFiles: number }> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  const openFiles = await readdir(`/proc/${pid}/fd`);
  return { processes: children.split(' ').filter(Boolean).length, openFiles: openFiles.length };
}
