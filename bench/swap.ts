/** What a swap of a model costs the frames that come meanwhile, and what many of them leave behind. */
import { atMost, type Benchmark } from './report.ts';
import { growth, swapInARow } from './swap/in-a-row.ts';
import { swapUnderLoad } from './swap/under-load.ts';

const swaps = Number(process.env.SWAPS ?? 200);

const benchmark: Benchmark = async (say) => {
  const load = await swapUnderLoad(say);
  const { memory, before, after } = await swapInARow(swaps, say);
  const slowdown = (load.during?.p99 ?? Number.NaN) / (load.before?.p99 ?? Number.NaN);
  return {
    goals: [
      atMost('frames lost in a swap under full load', 'frames', 0, load.lost),
      atMost('frames answered twice by different versions', 'frames', 0, load.mixed),
      atMost('p99 latency during the swap against before', 'times', 1.5, slowdown),
      atMost(`memory after ${swaps} swaps, last quarter against the one before`, '% more', 5, growth(memory)),
      atMost('processes left behind', 'processes', 0, after.processes - before.processes),
      atMost('open files left behind', 'files', 2, after.openFiles - before.openFiles),
    ],
    figures: { load, swaps, memoryMb: memory.map((bytes) => Math.round(bytes / 2 ** 20)), before, after },
  };
};
export default benchmark;
