import { join } from 'node:path';
import { type Compiled, type CompileOptions, compile } from '../compiler/compile.ts';
import type { CompileReport } from '../compiler/compile-report.ts';
import { openSession, type Session } from '../compiler/runtime.ts';
import { GatewayError } from '../errors.ts';
import { writeWhole } from '../write-whole.ts';
import type { Dataset, Part } from './dataset.ts';
import { accuracy, predict } from './evaluate.ts';
import { datasetOf } from './prepare-run.ts';
import { explained } from './reconstruction-errors.ts';
import { optimizedFile, optimizeReportFile, type RunCard, readRunCard } from './run-card.ts';

/** What the numbers of `OptimizeReport` are shares of. */
type Metric = 'top-1' | 'explained variance';

export interface OptimizeReport {
  readonly metric: Metric;
  /** Of the examples to test with, or of the held-out ones where there are none: in [0, 1], the greater the better. */
  readonly result: {
    readonly part: 'test' | 'held out';
    readonly count: number;
    readonly float: number;
    readonly optimized: number;
  };
  /** By how many points of 100 the held-out result was allowed to fall. */
  readonly bound: number;
  /** Of the ONNX files. */
  readonly bytes: { readonly float: number; readonly optimized: number };
  /** How many held-out examples it was calibrated with. */
  readonly calibration: number;
  readonly compiled: CompileReport;
}

export interface OptimizeOptions {
  /** Points of 100. */
  readonly bound: number;
  /** How many held-out examples to calibrate with. */
  readonly samples: number;
  /** Of the graphs within the bound: the int8 one, which is the smaller, or the faster on this computer. */
  readonly prefer: 'size' | 'speed';
  readonly signal?: AbortSignal;
  readonly onProgress?: (step: string) => void;
}

/** Of held-out examples as many as tell 0.1 points, and no more: each way to quantize is judged by all of them. */
const mostJudged = 2_000;

/**
 * Compiles the net of a run for the gateway, calibrated and bounded with its held-out data, and writes `model.onnx`
 * and `optimize.json` beside it.
 * @throws REQUEST_INVALID if the folder is no run, DATASET_INVALID if its data are others by now, COMPILE_FAILED.
 */
export async function optimizeRun(folder: string, options: OptimizeOptions): Promise<OptimizeReport> {
  const card = await readRunCard(folder);
  const dataset = await datasetOfRun(card);
  const source = { path: join(folder, card.model), preprocessing: card.preprocessing };
  const { report, file } = await optimizeModel(source, dataset, options);
  await writeWhole(join(folder, optimizedFile), file);
  await writeWhole(join(folder, optimizeReportFile), `${JSON.stringify(report, undefined, 2)}\n`);
  return report;
}

/** The data that a run was trained on, read again. */
export async function datasetOfRun({ recipe, input, data }: RunCard): Promise<Dataset> {
  const dataset = await datasetOf(recipe, input);
  if (dataset.digest === data.digest) return dataset;
  throw new GatewayError(
    'DATASET_INVALID',
    `Expected the data of the run (${data.digest}) for ${recipe.data} but received others`,
  );
}

/** The same for any model that the compiler takes: `dataset` has to be of its size and of its classes. */
export async function optimizeModel(
  source: Pick<CompileOptions, 'path' | 'preprocessing'>,
  dataset: Dataset,
  { bound, samples, prefer, signal, onProgress }: OptimizeOptions,
): Promise<{ report: OptimizeReport; file: Uint8Array }> {
  const { heldOut, test = heldOut } = dataset;
  const judged: Part = { ...heldOut, count: Math.min(heldOut.count, mostJudged) };
  const count = Math.min(samples, heldOut.count);
  const common = { ...source, ...(signal && { signal }), ...(onProgress && { onProgress }) };
  const float = await compile(common);
  const floatResult = await resultOf(float, test, dataset);
  const [input] = float.graph.inputs;
  const [output] = float.graph.outputs;
  const names = { inputs: [{ name: input?.name ?? '' }], outputNames: [output?.name ?? ''] } as const;
  const optimized = await compile({
    ...common,
    quantize: 'int8',
    calibration: () => ({
      *[Symbol.iterator]() {
        for (let i = 0; i < count; i++) yield { [names.inputs[0].name]: heldOut.feed(i, i + 1) };
      },
    }),
    quantization: {
      prefer,
      bound: {
        quality: {
          evaluate: async (run) => qualityOf(await predict({ ...names, run }, judged), judged),
          greatestLoss: bound / 100,
        },
      },
    },
  });
  const report: OptimizeReport = {
    metric: heldOut.labels ? 'top-1' : 'explained variance',
    result: {
      part: dataset.test ? 'test' : 'held out',
      count: test.count,
      float: floatResult,
      optimized: await resultOf(optimized, test, dataset),
    },
    bound,
    bytes: { float: float.file.byteLength, optimized: optimized.file.byteLength },
    calibration: count,
    compiled: optimized.report,
  };
  return { report, file: optimized.file };
}

async function resultOf({ file }: Compiled, part: Part, { labels }: Dataset): Promise<number> {
  const session: Session = await openSession(file, { threads: 1 });
  try {
    const rows = await predict(session, part);
    const classes = rows[0]?.length ?? 0;
    if (labels && classes !== labels.length) {
      throw new GatewayError(
        'REQUEST_INVALID',
        `Expected a net of ${labels.length} classes for these data but received one of ${classes}`,
      );
    }
    return qualityOf(rows, part);
  } finally {
    await session.close();
  }
}

function qualityOf(rows: readonly Float32Array[], part: Part): number {
  return part.labels ? accuracy(rows, part.labels) : explained(rows, part);
}
