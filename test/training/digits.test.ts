import { describe, expect, it } from 'vitest';
import { npmDigits } from '../../scripts/npm-digits.ts';
import { calibrate } from '../../src/compiler/calibrate.ts';
import { writeModel } from '../../src/compiler/onnx/model.ts';
import { quantize } from '../../src/compiler/quantize.ts';
import { openSession } from '../../src/compiler/runtime.ts';
import { loadTensorFlow } from '../../src/training/backend.ts';
import { createNetwork, type Progress, train } from '../../src/training/digits.ts';
import { accuracy, predict } from '../../src/training/evaluate.ts';
import { exportGraph } from '../../src/training/export-onnx.ts';
import { pick, scaled, slice } from '../../src/training/mnist.ts';
import { permutation, seeded } from '../../src/training/random.ts';

const all = npmDigits();
const shuffled = pick(all, permutation(all.count, seeded(1)));
const seen = slice(shuffled, 0, 1500);
const unseen = slice(shuffled, 5000, 6000);
const tensorflow = await loadTensorFlow();
const options = { epochs: 2, batchSize: 32, seed: 1 };
const names = { input: 'image', output: 'probabilities' };

async function accuracyOf(file: Uint8Array): Promise<number> {
  const session = await openSession(file, { threads: 1 });
  const rows = await predict(session, unseen);
  await session.close();
  return accuracy(rows, unseen.labels);
}

describe('training on a few digits', () => {
  it('learns, and the net keeps what it learned through export and quantization', async () => {
    const network = createNetwork(tensorflow, 1);
    const before = await accuracyOf(writeModel(await exportGraph(network, names)));
    expect(before).toBeLessThan(0.3);

    const progress: Progress[] = [];
    await train(tensorflow, network, seen, { ...options, onProgress: (each) => progress.push(each) });
    expect(progress.at(-1)).toMatchObject({ epoch: 2, done: seen.count, total: seen.count });
    expect(progress.at(-1)?.loss).toBeLessThan((progress[5]?.loss ?? 0) / 2);

    const float = await exportGraph(network, names);
    const dims = [seen.count, 28, 28, 1];
    const ranges = await calibrate(float, [{ image: { type: 'float32', dims, data: scaled(seen) } }]);
    const int8 = quantize(float, {
      inputs: { image: { scale: Math.fround(1 / 255), zeroPoint: 0 } },
      ranges,
    });
    const scores = { float: await accuracyOf(writeModel(float)), int8: await accuracyOf(writeModel(int8)) };
    expect(scores.float).toBeGreaterThan(0.85);
    expect(Math.abs(scores.float - scores.int8)).toBeLessThan(0.01);
  });

  it('gives the graph that TensorFlow.js itself runs', async () => {
    const network = createNetwork(tensorflow, 3);
    const few = slice(unseen, 0, 20);
    const session = await openSession(writeModel(await exportGraph(network, names)), { threads: 1 });
    const rows = await predict(session, few);
    await session.close();
    const said = tensorflow.core.tidy(() =>
      tensorflow.core
        .concat([network.predictOnBatch(tensorflow.core.tensor4d(scaled(few), [20, 28, 28, 1]))].flat())
        .dataSync(),
    );
    for (const [i, row] of rows.entries()) {
      for (const [k, value] of row.entries()) expect(value).toBeCloseTo(said[i * 10 + k] ?? Number.NaN, 5);
    }
  });

  it('is the same for the same seed, dropout and all, and another for another', async () => {
    const trained = async (seed: number) => {
      const network = createNetwork(tensorflow, seed);
      await train(tensorflow, network, slice(seen, 0, 320), { ...options, epochs: 1, seed });
      // Names of layers count up, so only the numbers are compared.
      return [...(await exportGraph(network, names)).initializers.values()];
    };
    const first = await trained(5);
    expect(await trained(5)).toEqual(first);
    expect(await trained(6)).not.toEqual(first);
  });

  it('can be broken off between two steps', async () => {
    const stop = new AbortController();
    let steps = 0;
    const onProgress = () => {
      steps++;
      if (steps === 3) stop.abort();
    };
    const training = train(tensorflow, createNetwork(tensorflow, 1), seen, {
      ...options,
      signal: stop.signal,
      onProgress,
    });
    await expect(training).rejects.toMatchObject({ name: 'AbortError' });
    expect(steps).toBe(3);
  });

  it('leaves no tensor behind but the weights and what Adam keeps of them', async () => {
    const network = createNetwork(tensorflow, 1);
    await train(tensorflow, network, slice(seen, 0, 64), { ...options, epochs: 1 });
    const before = tensorflow.core.memory().numTensors;
    await train(tensorflow, network, slice(seen, 0, 320), { ...options, epochs: 1 });
    const weights = network.weights.length;
    expect(tensorflow.core.memory().numTensors - before).toBeLessThanOrEqual(2 * weights + 2);
  });
});

it('a layer that has no export is named', async () => {
  const { layers } = tensorflow.layers;
  const recurrent = layers.simpleRNN({ units: 2, inputShape: [3, 2], recurrentInitializer: 'zeros' });
  const network = tensorflow.layers.sequential({ layers: [recurrent] });
  await expect(exportGraph(network, names)).rejects.toMatchObject({
    code: 'COMPILE_FAILED',
    message: expect.stringMatching(
      /Expected a layer that the compiler knows for layer simple_rnn.*SimpleRNN/,
    ),
  });
});
