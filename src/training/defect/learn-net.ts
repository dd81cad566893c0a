import { setImmediate } from 'node:timers/promises';
import type { Learned } from '../net/folded.ts';
import { type NetDescription, openLearner } from '../net/learner.ts';
import { addMaskLoss } from '../net/mask-loss.ts';
import { type Random, seeded } from '../random.ts';

export interface NetOptions {
  readonly net: NetDescription;
  /** Of one batch: `[N, channels, height, width]` each. */
  readonly picture: readonly number[];
  readonly truth: readonly number[];
  /** Fills both for the next step. */
  readonly fill: (picture: Float32Array, truth: Float32Array, random: Random) => void;
  readonly greatestRate: number;
  readonly seed: number;
  readonly steps: number;
  readonly signal?: AbortSignal | undefined;
  /** Of every step: how much the net is wrong. */
  readonly onStep?: ((step: number, loss: number) => void) | undefined;
}

const warmUpSteps = 50;

/** Trains a net from nothing on batches that are made as it goes. The same seed and batches make the same net. */
export async function learnNet(options: NetOptions): Promise<Learned> {
  const { net, picture, truth, fill, greatestRate, seed, steps, signal, onStep } = options;
  const numbersOf = (dims: readonly number[]) => new Float32Array(dims.reduce((a, b) => a * b, 1));
  const [pictures, truths] = [numbersOf(picture), numbersOf(truth)];
  const random = seeded(seed + 1);
  const learner = await openLearner({ net, loss: addMaskLoss, picture, truth, seed });
  try {
    for (let step = 0; step < steps; step++) {
      await setImmediate();
      signal?.throwIfAborted();
      fill(pictures, truths, random);
      const warm = Math.min(1, (step + 1) / warmUpSteps);
      const rate = (greatestRate / 2) * warm * (1 + Math.cos((Math.PI * step) / steps));
      const loss = await learner.step(pictures, truths, rate);
      onStep?.(step + 1, loss);
    }
    return learner.learned();
  } finally {
    await learner.close();
  }
}
