import type { Sample } from '../calibrate.ts';
import type { Graph } from '../graph.ts';
import type { Parameters } from '../quantization.ts';
import { type Fidelity, fidelity, type Reference } from './fidelity.ts';
import { openRunner, type Runner } from './runner.ts';

/** What quantization may cost. */
export interface Bound {
  /** The least signal-to-quantization-noise ratio of every output, dB. */
  readonly sqnrDb?: number;
  /** A measure of how good the answers are, the greater the better, as accuracy or an area under a curve. */
  readonly quality?: {
    readonly evaluate: (run: Runner['run']) => Promise<number>;
    /** By how much it may fall below that of the float graph. */
    readonly greatestLoss: number;
  };
}

export interface Verdict extends Fidelity {
  /** Only where the bound has a measure of it. */
  readonly quality?: number;
  /** What is wanting, in a sentence; absent where the bound holds. */
  readonly wanting?: string;
}

export type Judge = (graph: Graph) => Promise<Verdict>;

export interface JudgeOptions {
  readonly inputs: Readonly<Record<string, Parameters>>;
  readonly checks: readonly Sample[];
  readonly bound: Bound;
}

/** Judges graphs against `float`, which has to stay open while it is asked for its own answers here. */
export async function judgeOf(float: Runner, { inputs, checks, bound }: JudgeOptions) {
  const reference: Reference[number][] = [];
  for (const sample of checks) reference.push(await float.run(sample));
  const quality = await bound.quality?.evaluate(float.run);
  const judge: Judge = async (graph) => {
    const runner = await openRunner(graph, inputs);
    try {
      const close = await fidelity(runner, checks, reference);
      const own = await bound.quality?.evaluate(runner.run);
      const verdict = own === undefined ? close : { ...close, quality: own };
      const wanting = wantingIn(verdict, bound, quality);
      return wanting === undefined ? verdict : { ...verdict, wanting };
    } finally {
      await runner.close();
    }
  };
  return { judge, reference, quality };
}

function wantingIn(
  { leastDb, quality }: Verdict,
  bound: Bound,
  float: number | undefined,
): string | undefined {
  const { sqnrDb = Number.NEGATIVE_INFINITY } = bound;
  if (leastDb < sqnrDb) return `its outputs are ${leastDb.toFixed(1)} dB above their noise, not ${sqnrDb}`;
  if (bound.quality === undefined || quality === undefined || float === undefined) return undefined;
  const { greatestLoss } = bound.quality;
  // Written so that NaN does not pass.
  return float - quality <= greatestLoss
    ? undefined
    : `its quality is ${quality.toPrecision(4)} and not within ${greatestLoss} of ${float.toPrecision(4)}`;
}

/** The better of two verdicts: by quality where it is measured, else by the outputs. */
export function byVerdict(a: Verdict, b: Verdict): number {
  return (b.quality ?? 0) - (a.quality ?? 0) || b.leastDb - a.leastDb;
}
