import { type Observations, observe, rangesOf, type Samples } from '../calibrate.ts';
import type { Graph } from '../graph.ts';
import type { Parameters, WeightRange } from '../quantization.ts';
import { type QuantizeOptions, quantize } from '../quantize.ts';
import { equalise } from './equalise.ts';
import { byVerdict, type Judge, type Verdict } from './judge.ts';
import { type RangeMethod, rangeMethods } from './range-methods.ts';

export interface SearchOptions {
  readonly inputs: Readonly<Record<string, Parameters>>;
  readonly samples: Samples;
  readonly judge: Judge;
  readonly weightRange: WeightRange;
  readonly method?: RangeMethod | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress: (step: string) => void;
}

export interface Way {
  readonly method: RangeMethod;
  readonly equalised: boolean;
  readonly biasCorrected: boolean;
}

/** One way to quantize a graph, and how close it comes. */
export interface Candidate {
  readonly way: Way;
  /** The float graph that it is made of. */
  readonly graph: Graph;
  readonly options: QuantizeOptions;
  readonly verdict: Verdict;
}

/** The graph as it is or equalised, with what was seen while it ran on the samples. */
interface Base {
  readonly graph: Graph;
  readonly equalised: boolean;
  readonly observations: Observations;
}

/**
 * The ways in which a graph can be quantized, the best first: each method of choosing
 * ranges, as it is and equalised where there is something to equalise, and the best also without corrected
 * biases.
 */
export async function searchCandidates(graph: Graph, options: SearchOptions): Promise<Candidate[]> {
  const methods = options.method ? [options.method] : (Object.keys(rangeMethods) as RangeMethod[]);
  const tried: { base: Base; candidate: Candidate }[] = [];
  const attempt = async (base: Base, method: RangeMethod, biasCorrected: boolean) => {
    options.signal?.throwIfAborted();
    const way = { method, equalised: base.equalised, biasCorrected };
    options.onProgress(`Quantizing by ${wayText(way)}`);
    tried.push({ base, candidate: await candidateOf(base, way, options) });
    tried.sort((a, b) => byVerdict(a.candidate.verdict, b.candidate.verdict));
  };
  for (const base of await bases(graph, options)) {
    for (const method of methods) await attempt(base, method, true);
  }
  const [best] = tried;
  if (best) await attempt(best.base, best.candidate.way.method, false);
  return tried.map(({ candidate }) => candidate);
}

export function wayText({ method, equalised, biasCorrected }: Way): string {
  return `${method}${equalised ? ', equalised' : ''}${biasCorrected ? '' : ', biases as they are'}`;
}

async function bases(graph: Graph, { samples, signal, onProgress }: SearchOptions): Promise<Base[]> {
  onProgress('Running the samples');
  const observations = await observe(graph, samples, signal);
  const plain = { graph, equalised: false, observations };
  const magnitudes = new Map([...observations.channels].map(([name, { magnitudes }]) => [name, magnitudes]));
  const other = equalise(graph, magnitudes);
  if (other === graph) return [plain];
  onProgress('Running the samples on the equalised graph');
  return [plain, { graph: other, equalised: true, observations: await observe(other, samples, signal) }];
}

async function candidateOf(base: Base, way: Way, options: SearchOptions): Promise<Candidate> {
  const { inputs, weightRange, judge } = options;
  const { graph, observations } = base;
  const means = new Map([...observations.channels].map(([name, channels]) => [name, channels.means]));
  const quantizing = {
    inputs,
    weightRange,
    ranges: rangesOf(observations, way.method),
    ...(way.biasCorrected ? { means } : {}),
  };
  return { way, graph, options: quantizing, verdict: await judge(quantize(graph, quantizing)) };
}
