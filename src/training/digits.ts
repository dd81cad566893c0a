import { setImmediate } from 'node:timers/promises';
import type { Sequential } from '@tensorflow/tfjs-layers';
import type { TensorFlow } from './backend.ts';
import { seededDropout } from './dropout.ts';
import { type Digits, pick, scaled, side } from './mnist.ts';
import { permutation, seeded } from './random.ts';

/** `[N, 28, 28, 1]` of [0, 1] -> `[N, 10]` probabilities: 784-128-10 with dropout, 101,770 weights. */
export function createNetwork(tensorflow: TensorFlow, seed: number): Sequential {
  const { layers } = tensorflow;
  const { flatten, dense } = layers.layers;
  const glorot = (offset: number) => layers.initializers.glorotUniform({ seed: seed + offset });
  const network = layers.sequential();
  network.add(flatten({ inputShape: [side, side, 1] }));
  network.add(dense({ units: 128, activation: 'relu', kernelInitializer: glorot(1) }));
  network.add(seededDropout(tensorflow, 0.2, seeded(seed + 2)));
  network.add(dense({ units: 10, activation: 'softmax', kernelInitializer: glorot(3) }));
  return network;
}

export interface TrainOptions {
  readonly epochs: number;
  readonly batchSize: number;
  /** The same seed, digits and backend make the same weights. */
  readonly seed: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

export interface Progress {
  /** From 1. */
  readonly epoch: number;
  /** Digits of this epoch that are done. */
  readonly done: number;
  readonly total: number;
  /** Means over this epoch so far, in training mode (with dropout). */
  readonly loss: number;
  readonly accuracy: number;
}

/** Trains `network` in place; every epoch sees every digit once, in an order of its own. */
export async function train(
  tensorflow: TensorFlow,
  network: Sequential,
  digits: Digits,
  options: TrainOptions,
): Promise<void> {
  const { epochs, batchSize, signal, onProgress } = options;
  const random = seeded(options.seed);
  network.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] });
  for (let epoch = 1; epoch <= epochs; epoch++) {
    const order = permutation(digits.count, random);
    const sums = { loss: 0, accuracy: 0 };
    for (let start = 0; start < digits.count; start += batchSize) {
      // The steps never wait for anything: without a turn of the event loop no timer or signal would get in.
      await setImmediate();
      signal?.throwIfAborted();
      const batch = pick(digits, order.subarray(start, start + batchSize));
      const [loss, accuracy] = await trainStep(tensorflow, network, batch);
      sums.loss += loss * batch.count;
      sums.accuracy += accuracy * batch.count;
      const done = start + batch.count;
      onProgress?.({
        epoch,
        done,
        total: digits.count,
        loss: sums.loss / done,
        accuracy: sums.accuracy / done,
      });
    }
  }
}

async function trainStep(
  { core }: TensorFlow,
  network: Sequential,
  batch: Digits,
): Promise<readonly [loss: number, accuracy: number]> {
  const x = core.tensor4d(scaled(batch), [batch.count, side, side, 1]);
  const y = core.tensor1d(Float32Array.from(batch.labels));
  try {
    const [loss = Number.NaN, accuracy = Number.NaN] = [await network.trainOnBatch(x, y)].flat();
    return [loss, accuracy];
  } finally {
    core.dispose([x, y]);
  }
}
