import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openSession, type Session } from '../compiler/runtime.ts';
import { GatewayError } from '../errors.ts';
import { writeBundle } from '../models/bundle.ts';
import type { Manifest } from '../models/manifest.ts';
import { type Dataset, picturePart } from './dataset.ts';
import { predict } from './evaluate.ts';
import { readPictures } from './folder-dataset.ts';
import { goldenOf } from './golden.ts';
import { datasetOfRun, type OptimizeReport } from './optimize.ts';
import { errorsOf } from './reconstruction-errors.ts';
import { optimizedFile, optimizeReportFile, type RunCard, readRunCard } from './run-card.ts';

export interface BundleRunOptions {
  /** Of a run that was optimized. */
  readonly folder: string;
  readonly out: string;
  readonly name: string;
  readonly version: string;
  readonly description?: string | undefined;
  readonly license?: string | undefined;
  /** A date of ISO 8601; without it the bundle has none and the same run makes the same bytes. */
  readonly created?: string | undefined;
  /** Folder of pictures, a folder a class, to take golden samples from. Default: the held-out data. */
  readonly golden?: string | undefined;
}

/**
 * Packs an optimized run into a bundle: the graph, how to feed it and read it, golden samples with its answers, how
 * good it is, and what it was trained on.
 * @throws REQUEST_INVALID if the run was not optimized, DATASET_INVALID if its data are others by now.
 */
export async function bundleRun(options: BundleRunOptions): Promise<{ digest: string; bytes: number }> {
  const { folder, out, name, version, description, license, created } = options;
  const card = await readRunCard(folder);
  const [graph, report] = await readOptimized(folder);
  const dataset = await datasetOfRun(card);
  const session = await openSession(graph, { threads: 1 });
  try {
    const golden = await goldenOf(session, await goldenPart(options, card, dataset));
    const manifest: Omit<Manifest, 'files'> = {
      format: 1,
      name,
      version,
      task: card.labels ? 'classify' : 'anomaly',
      ...(description !== undefined && { description }),
      ...(license !== undefined && { license }),
      ...(created !== undefined && { created }),
      graph: optimizedFile,
      inputs: { [session.inputs[0]?.name ?? '']: inputOf(card) },
      ...readingsOf(card),
      outputs: {
        [session.outputNames[0] ?? '']: card.labels
          ? { kind: 'classes', activation: 'none', top: Math.min(3, card.labels.length) }
          : { kind: 'tensor' },
      },
      ...(card.labels && { labels: card.labels }),
      thresholds: await thresholdsOf(card, dataset, session),
      golden: { samples: golden.samples },
      ...quantizationOf(report),
      accuracy: {
        metric: report.metric,
        dataset: `${card.data.name} ${report.result.part}`,
        samples: report.result.count,
        float: report.result.float,
        ...(report.compiled.form !== 'float' && { quantized: report.result.optimized }),
      },
      trained: {
        dataset: card.data.name,
        digest: card.data.digest,
        samples: card.data.training,
        seed: card.recipe.seed,
      },
    };
    return await writeBundle(manifest, { [optimizedFile]: graph, ...golden.files }, out);
  } finally {
    await session.close();
  }
}

async function readOptimized(folder: string): Promise<[Uint8Array, OptimizeReport]> {
  try {
    const report: OptimizeReport = JSON.parse(await readFile(join(folder, optimizeReportFile), 'utf8'));
    return [await readFile(join(folder, optimizedFile)), report];
  } catch (cause) {
    const text = `Expected a run after edgeward optimize for ${folder} but received one without ${optimizedFile}`;
    throw new GatewayError('REQUEST_INVALID', text, { cause });
  }
}

async function goldenPart({ golden }: BundleRunOptions, { input, labels }: RunCard, dataset: Dataset) {
  if (golden === undefined) return dataset.heldOut;
  if (input.kind !== 'picture') {
    throw new GatewayError(
      'REQUEST_INVALID',
      'Expected a net that takes pictures for --golden but received another',
    );
  }
  return picturePart((await readPictures(golden, labels, input)).pictures, labels ? 'class' : 'self');
}

function inputOf({ input, preprocessing }: RunCard): Manifest['inputs'][string] {
  if (input.kind === 'tensor') return { kind: 'tensor', type: 'float32', shape: input.shape };
  const { width, height, colour, resize } = input;
  const { scale, mean, std } = preprocessing ?? {};
  const plain = scale !== undefined && mean === undefined && std === undefined;
  const common = {
    kind: 'picture',
    width,
    height,
    colour,
    layout: 'nhwc',
    type: 'uint8',
    resize,
    pad: 0,
  } as const;
  return { ...common, ...(plain && { scale }) };
}

function readingsOf({ recipe: { readings }, normal }: RunCard): Pick<Manifest, 'readings'> {
  if (!readings || !normal || readings.window < 2) return {};
  return { readings: { kind: 'autoencoder', align: 'stream', ...readings, ...normal } };
}

/** An anomaly is what comes out again worse than 99 of 100 of what was normal. */
async function thresholdsOf(
  { labels }: RunCard,
  { heldOut }: Dataset,
  session: Session,
): Promise<Record<string, number>> {
  if (labels) return { minScore: 0.5 };
  return { error: errorsOf(await predict(session, heldOut), heldOut).p99 };
}

function quantizationOf({ compiled, calibration }: OptimizeReport): Pick<Manifest, 'quantization'> {
  const { form, quantization } = compiled;
  if (form === 'float')
    return { quantization: { scheme: 'none', weights: 'float32', activations: 'float32' } };
  const common = { scheme: 'int8-qdq', activations: 'uint8, one scale a tensor' } as const;
  if (!quantization) return { quantization: { ...common, weights: 'int8, with the scales of the source' } };
  return {
    quantization: {
      ...common,
      weights: 'int8, symmetric, one scale a channel',
      calibration: { method: quantization.method, samples: calibration },
    },
  };
}
