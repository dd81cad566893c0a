/**
 * Trains the built-in digits model and writes its bundle:
 * `npx tsx scripts/train-digits.ts --data ../shared/data/mnist --out models/digits`
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { SingleBar } from 'cli-progress';
import { Command } from 'commander';
import { calibrate } from '../src/compiler/calibrate.ts';
import type { Graph } from '../src/compiler/graph.ts';
import { writeModel } from '../src/compiler/onnx/model.ts';
import { floatOperators, optimizedGraph } from '../src/compiler/optimized.ts';
import { quantize } from '../src/compiler/quantize.ts';
import { openSession } from '../src/compiler/runtime.ts';
import { writeBundle } from '../src/models/bundle.ts';
import { loadTensorFlow } from '../src/training/backend.ts';
import { picturePart } from '../src/training/dataset.ts';
import { accuracy, predict } from '../src/training/evaluate.ts';
import { exportGraph } from '../src/training/export-onnx.ts';
import { classification } from '../src/training/losses.ts';
import { readMnist, side } from '../src/training/mnist.ts';
import { denseClassifier } from '../src/training/networks.ts';
import { type Pictures, pictureExamples, scaled, slice } from '../src/training/pictures.ts';
import { seeded } from '../src/training/random.ts';
import { trainModel } from '../src/training/train-model.ts';
import { type Golden, goldenSamples } from './golden-digits.ts';

const names = { input: 'image', output: 'probabilities' };

/** Training digits that the net never learns from, for calibration. */
const heldOut = 1000;

/** What a byte is to the net: ink from 0 to 1. */
const ink = { scale: Math.fround(1 / 255), zeroPoint: 0 };

interface Options {
  readonly data: string;
  readonly out: string;
  readonly epochs: string;
  readonly seed: string;
  readonly modelVersion: string;
}

async function main(options: Options): Promise<void> {
  const digits = await readMnist(options.data, 'train');
  const test = await readMnist(options.data, 't10k');
  const split = digits.count - heldOut;
  const float = await trainedGraph(slice(digits, 0, split), options);
  const int8 = await quantized(float, slice(digits, split, digits.count));
  const files = { float: writeModel(float), int8: writeModel(int8) };
  const scores = { float: await score(files.float, test), int8: await score(files.int8, test) };
  const samples = await goldenSamples(files.int8);
  await mkdir(options.out, { recursive: true });
  const path = join(options.out, 'digits.bundle');
  const bundle = await write(path, options.modelVersion, files.int8, scores, samples);
  log(`float ${percent(scores.float)}, int8 ${percent(scores.int8)} of ${test.count} test digits`);
  log(`${path}: ${bundle.bytes} bytes, ${bundle.digest}`);
}

async function trainedGraph(digits: Pictures, { epochs, seed }: Options): Promise<Graph> {
  const tensorflow = await loadTensorFlow();
  const noise = seeded(0);
  const network = denseClassifier({
    tensorflow,
    seed: Number(seed),
    noise,
    height: side,
    width: side,
    channels: 1,
    classes: 10,
  });
  log(`Training on ${digits.count} digits with TensorFlow.js (${tensorflow.backend})`);
  const format =
    'Epoch {epoch} {bar} {percentage} % | loss {loss} | accuracy {accuracy} | {eta_formatted} left';
  const bar = new SingleBar({ format, stream: process.stderr, noTTYOutput: true, notTTYSchedule: 10_000 });
  const total = digits.count * Number(epochs);
  bar.start(total, 0, { epoch: 1, loss: '-', accuracy: '-' });
  await trainModel(tensorflow, network, pictureExamples(digits, 'class'), {
    objective: classification,
    noise,
    epochs: Number(epochs),
    batchSize: 32,
    seed: Number(seed),
    onProgress({ epoch, done, loss, accuracy }) {
      const seen = (epoch - 1) * digits.count + done;
      bar.update(seen, { epoch, loss: loss.toFixed(4), accuracy: percent(accuracy ?? 0) });
    },
  });
  bar.stop();
  return await exportGraph(network, names);
}

async function quantized(float: Graph, calibration: Pictures): Promise<Graph> {
  const dims = [calibration.count, side, side, 1];
  const feed = { [names.input]: { type: 'float32', dims, data: scaled(calibration) } } as const;
  const int8 = quantize(float, { inputs: { [names.input]: ink }, ranges: await calibrate(float, [feed]) });
  const left = floatOperators(await optimizedGraph(writeModel(int8)));
  if (left.length > 0) throw new Error(`Expected only integer products but received ${left.join(', ')}`);
  return int8;
}

async function score(file: Uint8Array, test: Pictures): Promise<number> {
  const session = await openSession(file, { threads: 1 });
  const rows = await predict(session, picturePart(test, 'class'));
  await session.close();
  return accuracy(rows, test.labels);
}

function write(
  path: string,
  version: string,
  graph: Uint8Array,
  scores: { float: number; int8: number },
  golden: readonly Golden[],
): Promise<{ digest: string; bytes: number }> {
  const pictures = golden.map(({ png }, i) => [`golden/${String(i).padStart(2, '0')}.png`, png] as const);
  return writeBundle(
    {
      format: 1,
      name: 'digits',
      version,
      task: 'classify',
      description:
        'Handwritten digits (MNIST): 784-128-10, int8. Light ink on a dark ground, one digit a picture.',
      license: 'Apache-2.0',
      graph: 'digits.onnx',
      inputs: {
        [names.input]: {
          kind: 'picture',
          width: side,
          height: side,
          colour: 'grey',
          layout: 'nhwc',
          type: 'uint8',
          scale: 1 / 255,
          resize: 'contain',
          pad: 0,
        },
      },
      outputs: { [names.output]: { kind: 'classes', activation: 'none', top: 3 } },
      labels: Array.from({ length: 10 }, (_, label) => String(label)),
      thresholds: { minScore: 0.5 },
      golden: {
        samples: pictures.map(([file], i) => ({
          inputs: { [names.input]: file },
          outputs: { [names.output]: golden[i]?.row ?? [] },
          tolerance: 0.02,
        })),
      },
      quantization: {
        scheme: 'int8-qdq',
        weights: 'int8, symmetric, one scale a channel, -64 to 64',
        activations: 'uint8, one scale a tensor',
        calibration: { method: 'min-max', samples: heldOut },
      },
      accuracy: {
        metric: 'top-1',
        dataset: 'MNIST test',
        samples: 10_000,
        float: scores.float,
        quantized: scores.int8,
      },
    },
    { 'digits.onnx': graph, ...Object.fromEntries(pictures) },
    path,
  );
}

function percent(share: number): string {
  return `${(share * 100).toFixed(2)} %`;
}

function log(text: string): void {
  process.stderr.write(`${text}\n`);
}

await new Command('train-digits')
  .description('train the built-in digits model and write its bundle')
  .requiredOption('--data <folder>', 'the four idx.gz files of MNIST')
  .requiredOption('--out <folder>', 'where digits.bundle is written')
  .option('--epochs <count>', 'times that every digit is seen', '5')
  .option('--seed <number>', 'the same seed makes the same weights', '2')
  .option('--model-version <semver>', 'version of the bundle', '1.0.0')
  .action(main)
  .parseAsync();
