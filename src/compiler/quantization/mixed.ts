import type { Graph } from '../graph.ts';
import { quantize } from '../quantize.ts';
import type { Judge, Verdict } from './judge.ts';
import type { Candidate } from './search.ts';

/** A graph with some layers in float. */
export interface Mixed {
  readonly graph: Graph;
  readonly float: readonly string[];
  readonly verdict: Verdict;
}

/**
 * As few as possible of `layers`, from the first, back in float so that the bound holds. Their number is doubled until
 * it does and then halved into, since each trial opens and runs a graph. `undefined` where not even all do.
 */
export async function restoreLayers(
  { graph, options }: Candidate,
  layers: readonly string[],
  judge: Judge,
): Promise<Mixed | undefined> {
  const withFloat = async (count: number): Promise<Mixed> => {
    const float = layers.slice(0, count);
    const mixed = quantize(graph, { ...options, float: new Set(float) });
    return { graph: mixed, float, verdict: await judge(mixed) };
  };
  let low = 0;
  let best: Mixed | undefined;
  for (let high = 1; best === undefined; high *= 2) {
    const mixed = await withFloat(high);
    if (mixed.verdict.wanting === undefined) best = mixed;
    else if (high >= layers.length) return undefined;
    else low = high;
  }
  while (best.float.length - low > 1) {
    const mixed = await withFloat((low + best.float.length) >> 1);
    if (mixed.verdict.wanting === undefined) best = mixed;
    else low = mixed.float.length;
  }
  return best;
}
