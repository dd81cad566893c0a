import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeWhole } from '../write-whole.ts';
import { loadTensorFlow, type TensorFlow } from './backend.ts';
import { readCheckpoint, writeCheckpoint } from './checkpoint.ts';
import { curvesSvg } from './curves.ts';
import { classification, reconstruction } from './losses.ts';
import { type Prepared, prepareRun } from './prepare-run.ts';
import { seeded } from './random.ts';
import { checkRecipe, type Recipe } from './recipe.ts';
import { optimizedFile, optimizeReportFile, type RunCard, runFile, writeRunCard } from './run-card.ts';
import { saveLayers } from './save-layers.ts';
import { type Epoch, type Progress, trainModel } from './train-model.ts';
import { describeRun, type RunReport, reportOf } from './train-report.ts';

export interface TrainRunOptions {
  readonly recipe: Recipe;
  /** Folder that the run is written to. */
  readonly out: string;
  /** Go on from the last epoch of a run of the same recipe, if there is one. */
  readonly resume: boolean;
  readonly signal?: AbortSignal;
  /** Before the first step: what is trained, on how many examples, on which backend, from which epoch on. */
  readonly onStart?: (start: {
    readonly parameters: number;
    readonly examples: number;
    readonly backend: string;
    readonly epoch: number;
  }) => void;
  readonly onProgress?: (progress: Progress) => void;
  readonly onEpoch?: (epoch: Epoch) => void;
}

/**
 * Trains a net by a recipe and writes all that came of it into a folder: the net, `run.json`, `report.json` and
 * `report.md`, `curves.svg`, and after every epoch a checkpoint.
 * @throws TRAINING_UNAVAILABLE, DATASET_INVALID, or REQUEST_INVALID if the recipe makes no sense.
 */
export async function trainRun(options: TrainRunOptions): Promise<RunReport> {
  const { recipe, out, signal, onEpoch } = options;
  checkRecipe(recipe);
  const start = performance.now();
  const tensorflow = await loadTensorFlow();
  await mkdir(out, { recursive: true });
  // What another run left here, and what was made of it, says nothing of this one.
  for (const file of [runFile, optimizedFile, optimizeReportFile]) await rm(join(out, file), { force: true });
  const checkpoint = join(out, 'checkpoint');
  const settings = JSON.stringify({ ...recipe, backend: tensorflow.backend });
  // Before the data are read, which may take long: a run of other settings is refused at once.
  const resume = options.resume ? await readCheckpoint(checkpoint, settings) : undefined;
  const noise = seeded(recipe.seed);
  const prepared = await prepareRun(recipe, { tensorflow, noise, signal });
  const { model, dataset, training, heldOut } = prepared;
  options.onStart?.({
    parameters: model.countParams(),
    examples: training.count,
    backend: tensorflow.backend,
    epoch: (resume?.history.length ?? 0) + 1,
  });
  const history = await trainModel(tensorflow, model, training.examples(recipe.augmentation), {
    ...recipe,
    objective: recipe.task === 'autoencoder' ? reconstruction : classification,
    noise,
    heldOut: heldOut.examples(),
    resume,
    ...(signal && { signal }),
    ...(options.onProgress && { onProgress: options.onProgress }),
    async onEpoch(state) {
      await writeCheckpoint(checkpoint, settings, state);
      await writeWhole(join(out, 'curves.svg'), curvesSvg(state.history));
      const last = state.history.at(-1);
      if (last) onEpoch?.(last);
    },
  });
  const card = cardOf(recipe, tensorflow, prepared);
  await saveModel(tensorflow, prepared, out);
  const report = await reportOf({
    folder: out,
    card,
    dataset,
    history,
    parameters: model.countParams(),
    tookMs: Math.round(performance.now() - start),
  });
  await writeWhole(join(out, 'report.json'), `${JSON.stringify(report, undefined, 2)}\n`);
  await writeWhole(join(out, 'report.md'), describeRun(report));
  // Last: where it stands, the run is whole.
  await writeRunCard(out, card);
  model.dispose();
  return report;
}

async function saveModel(tensorflow: TensorFlow, { model, whole }: Prepared, out: string): Promise<void> {
  if (whole) await writeWhole(join(out, 'model.float.onnx'), whole());
  else await saveLayers(tensorflow, model, out);
}

function cardOf(recipe: Recipe, { backend }: TensorFlow, { dataset, whole }: Prepared): RunCard {
  const { name, digest, input, labels, normal, training, heldOut, test } = dataset;
  const own = input.kind === 'picture' ? { scale: 1 / 255, layout: 'nhwc' as const } : undefined;
  const preprocessing = whole ? recipe.backbone?.preprocessing : own;
  return {
    format: 1,
    recipe,
    backend,
    data: { name, digest, training: training.count, heldOut: heldOut.count, test: test?.count ?? 0 },
    input,
    ...(labels && { labels }),
    ...(normal && { normal }),
    model: whole ? 'model.float.onnx' : 'model.json',
    ...(preprocessing && { preprocessing }),
  };
}
