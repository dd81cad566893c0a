import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { npmDigits } from '../../scripts/npm-digits.ts';
import { loadTensorFlow } from '../../src/training/backend.ts';
import { readCheckpoint, writeCheckpoint } from '../../src/training/checkpoint.ts';
import { classification } from '../../src/training/losses.ts';
import { convolutionalClassifier, denseClassifier } from '../../src/training/networks.ts';
import { pick, pictureExamples, slice } from '../../src/training/pictures.ts';
import { permutation, seeded } from '../../src/training/random.ts';
import {
  type Checkpoint,
  getWeights,
  judge,
  type Progress,
  type TrainOptions,
  trainModel,
} from '../../src/training/train-model.ts';

const all = npmDigits();
const shuffled = pick(all, permutation(all.count, seeded(1)));
const seen = slice(shuffled, 0, 1500);
const unseen = pictureExamples(slice(shuffled, 5000, 6000), 'class');
const tensorflow = await loadTensorFlow();
const shape = { tensorflow, height: 28, width: 28, channels: 1, classes: 10 };

/** A new net, trained; of both kinds nothing is left to chance but the seed. */
async function trained(
  make: typeof denseClassifier,
  count: number,
  options: Partial<TrainOptions> & { seed: number },
) {
  const noise = seeded(0);
  const model = make({ ...shape, noise, seed: options.seed });
  const examples = pictureExamples(slice(seen, 0, count), 'class', { shift: 1 });
  const common = { objective: classification, epochs: 2, batchSize: 32, noise };
  const history = await trainModel(tensorflow, model, examples, { ...common, ...options });
  return { model, history };
}

describe('training on a few digits', () => {
  it.each([
    ['dense', denseClassifier, 0.85],
    ['convolutional', convolutionalClassifier, 0.88],
  ])('the %s net learns', async (_, make, least) => {
    const progress: Progress[] = [];
    const { model, history } = await trained(make, 1500, {
      seed: 1,
      epochs: 3,
      learningRate: 0.002,
      heldOut: unseen,
      onProgress: (each) => progress.push(each),
    });
    expect(progress.at(-1)).toMatchObject({ epoch: 3, done: 1500, total: 1500 });
    expect(history.map(({ epoch }) => epoch)).toEqual([1, 2, 3]);
    expect(history.at(-1)?.learningRate).toBeCloseTo(0, 10);
    expect(history.at(-1)?.heldOut?.accuracy).toBeGreaterThan(least);
    expect(history.at(-1)?.heldOut).toEqual(await judge(tensorflow, model, unseen, classification));
  });

  it.each([
    ['dense', denseClassifier],
    ['convolutional', convolutionalClassifier],
  ])('the %s net is the same for the same seed, and another for another', async (_, make) => {
    const weights = async (seed: number) => getWeights((await trained(make, 160, { seed })).model);
    const first = await weights(5);
    expect(await weights(5)).toEqual(first);
    expect(await weights(6)).not.toEqual(first);
  });

  it('goes on from a checkpoint on disk to the same weights as without a break', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'edgeward-train-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const path = join(folder, 'checkpoint');
    const options = { seed: 3, epochs: 3, heldOut: unseen };
    const whole = await trained(denseClassifier, 320, options);

    const stop = new AbortController();
    const broken = trained(denseClassifier, 320, {
      ...options,
      signal: stop.signal,
      async onEpoch(checkpoint: Checkpoint) {
        await writeCheckpoint(path, 'these', checkpoint);
        if (checkpoint.history.length === 2) stop.abort();
      },
    });
    await expect(broken).rejects.toMatchObject({ name: 'AbortError' });
    const resume = await readCheckpoint(path, 'these');
    expect(resume?.history).toHaveLength(2);
    const resumed = await trained(denseClassifier, 320, { ...options, resume });
    expect(resumed.history).toEqual(whole.history);
    expect(getWeights(resumed.model)).toEqual(getWeights(whole.model));
  });

  it('can be broken off between two steps', async () => {
    const stop = new AbortController();
    let steps = 0;
    const onProgress = () => {
      steps++;
      if (steps === 3) stop.abort();
    };
    const training = trained(denseClassifier, 1500, { seed: 1, signal: stop.signal, onProgress });
    await expect(training).rejects.toMatchObject({ name: 'AbortError' });
    expect(steps).toBe(3);
  });

  it('leaves no tensor behind but the weights', async () => {
    const before = tensorflow.core.memory().numTensors;
    const { model } = await trained(convolutionalClassifier, 64, { seed: 1, heldOut: unseen });
    expect(tensorflow.core.memory().numTensors - before).toBe(model.weights.length);
  });
});

describe('checkpoints', () => {
  async function saved() {
    const folder = await mkdtemp(join(tmpdir(), 'edgeward-train-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const path = join(folder, 'checkpoint');
    const moments = [{ mean: Float32Array.of(1, 2), square: Float32Array.of(3, 4) }];
    const weights = [Float32Array.of(0.5, -0), Float32Array.of(Math.PI)];
    const checkpoint = { weights, optimizer: { step: 7, moments }, history: [] };
    await writeCheckpoint(path, 'a', checkpoint);
    return { path, checkpoint };
  }

  it('are read as they were written', async () => {
    const { path, checkpoint } = await saved();
    expect(await readCheckpoint(path, 'a')).toEqual(checkpoint);
    expect(await readCheckpoint(`${path}-other`, 'a')).toBeUndefined();
  });

  it('are not those of a run with other settings', async () => {
    const { path } = await saved();
    await expect(readCheckpoint(path, 'b')).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
  });

  it('are refused where they are damaged', async () => {
    const { path } = await saved();
    const file = await readFile(path);
    for (const bytes of [file.subarray(0, -1), file.subarray(0, 30), file.subarray(5), Buffer.alloc(40)]) {
      await writeFile(path, bytes);
      await expect(readCheckpoint(path, 'a')).rejects.toMatchObject({ code: 'DATASET_INVALID' });
    }
  });
});
