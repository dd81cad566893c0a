import type { Sample } from '../calibrate.ts';
import type { Runner } from './runner.ts';

/** Medians of the milliseconds that each takes for `sample`, in turns, so that a busy machine is fair to all. */
export async function race(runners: readonly Runner[], sample: Sample, budgetMs: number): Promise<number[]> {
  const times: number[][] = runners.map(() => []);
  // The first run makes room and is not like the others.
  for (const runner of runners) await runner.time(sample);
  const end = performance.now() + budgetMs;
  for (let round = 0; round < 5 || (round < 200 && performance.now() < end); round++) {
    for (const [i, runner] of runners.entries()) times[i]?.push(await runner.time(sample));
  }
  return times.map((each) => each.toSorted((a, b) => a - b)[each.length >> 1] ?? Number.NaN);
}
