import { GatewayError } from '../errors.ts';
import type { Sample, Samples } from './calibrate.ts';
import type { Graph } from './graph.ts';
import { writeModel } from './onnx/model.ts';
import { foldColumns } from './passes/fold-columns.ts';
import { type Bound, type Judge, judgeOf, type Verdict } from './quantization/judge.ts';
import { type Mixed, restoreLayers } from './quantization/mixed.ts';
import { race } from './quantization/race.ts';
import type { RangeMethod } from './quantization/range-methods.ts';
import { floatOperatorsOf, floatProductsOf, type QuantizationReport } from './quantization/report.ts';
import { openRunner, type Runner } from './quantization/runner.ts';
import { firstOf, floatSamples } from './quantization/samples.ts';
import { type Candidate, searchCandidates, wayText } from './quantization/search.ts';
import { type Sensitivity, sensitivities } from './quantization/sensitivity.ts';
import type { Parameters, WeightRange } from './quantization.ts';
import { quantize } from './quantize.ts';

export interface PostTrainingOptions {
  /** Float inputs that are to take bytes, and what a byte of each means. Default: none. */
  readonly inputs?: Readonly<Record<string, Parameters>>;
  /** What the net will see: floats, or bytes for what stands in `inputs`. Walked through several times. */
  readonly samples: Samples;
  /** How many of the samples, from the first, outputs are compared on. They stay in memory. Default 8. */
  readonly checks?: number;
  /** How ranges are chosen. Default: every method is tried and the best kept. */
  readonly method?: RangeMethod;
  /** Default `reduced`: the same answers on every processor. */
  readonly weightRange?: WeightRange;
  /** Layers go back to float, the most costly first, until it holds. Default: int8 whatever it costs. */
  readonly bound?: Bound;
  /** Measure what each layer costs even where the bound holds without. Default false. */
  readonly sensitivity?: boolean;
  /** Of the graphs within the bound the faster on this machine (the default), or the int8 one, which is the smaller. */
  readonly prefer?: 'speed' | 'size';
  readonly signal?: AbortSignal;
  readonly onProgress?: (step: string) => void;
}

export interface Quantized {
  /** Of the int8 graph and `float` the one to prefer, of those within the bound. */
  readonly graph: Graph;
  /** Also where it was not chosen. */
  readonly int8: Graph;
  readonly report: QuantizationReport;
}

/** Enough to tell a fast graph from a slow one, little enough not to be noticed. */
const raceMs = 1_000;

/** What each layer costs is told well enough by few samples. */
const sensitivityChecks = 2;

/**
 * Post-training quantization of a float graph to int8, as good as the samples allow: see `searchCandidates`
 * for the ways that are tried, `restoreLayers` for what stays in float, and the report for what came of it.
 * @throws COMPILE_FAILED without samples, or for a graph of an operator set under 13.
 */
export async function quantizeToInt8(graph: Graph, options: PostTrainingOptions): Promise<Quantized> {
  const { inputs = {}, bound = {}, weightRange = 'reduced', onProgress = () => {} } = options;
  const samples = floatSamples(options.samples, inputs);
  const checks = await firstOf(samples, options.checks ?? 8);
  const [sample] = checks;
  if (sample === undefined) {
    throw new GatewayError('COMPILE_FAILED', 'Expected samples for the calibration but received none');
  }
  const float = await openRunner(graph, inputs);
  try {
    const { judge, reference, quality } = await judgeOf(float, { inputs, checks, bound });
    const { method, signal } = options;
    const candidates = await searchCandidates(graph, {
      inputs,
      samples,
      judge,
      weightRange,
      method,
      signal,
      onProgress,
    });
    const [best] = candidates;
    if (best === undefined) throw new TypeError('Expected a way to quantize but received none');
    const sensitivity =
      best.verdict.wanting !== undefined || options.sensitivity === true
        ? await sensitivities(best, checks.slice(0, sensitivityChecks), reference, (done, total) => {
            signal?.throwIfAborted();
            onProgress(`Measuring layer ${done + 1} of ${total}`);
          })
        : [];
    const within = await withinBound(best, sensitivity, judge);
    const int8 = { ...within, graph: foldColumns(within.graph) };
    const medianMs = await raceOf(float, int8.graph, inputs, sample);
    const { chosen, reason } = choice(int8.verdict, medianMs, options.prefer);
    onProgress(`Chose ${chosen}: ${reason}`);
    const report = {
      ...best.way,
      chosen,
      reason,
      sqnrDb: int8.verdict.sqnrDb,
      tried: candidates.map(({ way, verdict }) => ({ way: wayText(way), sqnrDb: verdict.leastDb })),
      ...(quality === undefined
        ? {}
        : { quality: { float: quality, int8: int8.verdict.quality ?? Number.NaN } }),
      floatOperators: floatOperatorsOf(best, int8.float),
      floatProducts: await floatProductsOf(int8.graph),
      sensitivity,
      bytes: { float: writeModel(graph).byteLength, int8: writeModel(int8.graph).byteLength },
      medianMs,
    };
    return { graph: chosen === 'int8' ? int8.graph : graph, int8: int8.graph, report };
  } finally {
    await float.close();
  }
}

/** `best` itself where it is within the bound, or where no choice of float layers would be. */
async function withinBound(best: Candidate, layers: readonly Sensitivity[], judge: Judge): Promise<Mixed> {
  const whole = { graph: quantize(best.graph, best.options), float: [], verdict: best.verdict };
  if (best.verdict.wanting === undefined) return whole;
  const names = layers.map(({ name }) => name);
  return (await restoreLayers(best, names, judge)) ?? whole;
}

async function raceOf(
  float: Runner,
  graph: Graph,
  inputs: Readonly<Record<string, Parameters>>,
  sample: Sample,
): Promise<QuantizationReport['medianMs']> {
  const int8 = await openRunner(graph, inputs);
  try {
    const [floatMs = Number.NaN, int8Ms = Number.NaN] = await race([float, int8], sample, raceMs);
    return { float: floatMs, int8: int8Ms };
  } finally {
    await int8.close();
  }
}

function choice(
  { wanting }: Verdict,
  { float, int8 }: QuantizationReport['medianMs'],
  prefer: PostTrainingOptions['prefer'],
): Pick<QuantizationReport, 'chosen' | 'reason'> {
  if (wanting !== undefined) return { chosen: 'float', reason: `int8 is not good enough: ${wanting}` };
  const times = `${int8.toFixed(2)} ms in int8, ${float.toFixed(2)} ms in float`;
  if (prefer === 'size' && int8 >= float) return { chosen: 'int8', reason: `it is the smaller: ${times}` };
  return int8 < float
    ? { chosen: 'int8', reason: `it is the faster: ${times}` }
    : { chosen: 'float', reason: `it is the faster: ${times}` };
}
