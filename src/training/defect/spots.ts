import { setImmediate } from 'node:timers/promises';
import type { Learned } from '../net/folded.ts';
import { openLearner } from '../net/learner.ts';
import { addMaskLoss } from '../net/mask-loss.ts';
import { seeded } from '../random.ts';
import { closeupCells, fillCloseups } from './closeups.ts';
import type { GreyPart, SpoiltGreyPart } from './grey-parts.ts';
import { describeSpotNet } from './spot-net.ts';
import { closeupSide } from './view.ts';

export interface SpotOptions {
  readonly seed: number;
  /** Of 24 close-ups each: six a second on one core, about. */
  readonly steps: number;
  readonly signal?: AbortSignal | undefined;
  /** Of every step: how much the net is wrong. */
  readonly onStep?: (step: number, loss: number) => void;
}

const batch = 24;
const greatestRate = 3e-3;
const warmUpSteps = 50;

/** Trains a net from nothing on close-ups of parts. The same seed and parts make the same net. */
export async function learnSpots(
  good: readonly GreyPart[],
  spoilt: readonly SpoiltGreyPart[],
  { seed, steps, signal, onStep }: SpotOptions,
): Promise<Learned> {
  const picture = [batch, 1, closeupSide, closeupSide];
  const truth = [batch, 1, closeupCells, closeupCells];
  const random = seeded(seed + 1);
  const learner = await openLearner({ net: describeSpotNet, loss: addMaskLoss, picture, truth, seed });
  try {
    const pictures = new Float32Array(batch * closeupSide ** 2);
    const cells = new Float32Array(batch * closeupCells ** 2);
    for (let step = 0; step < steps; step++) {
      await setImmediate();
      signal?.throwIfAborted();
      fillCloseups({ good, spoilt, random }, pictures, cells);
      const warm = Math.min(1, (step + 1) / warmUpSteps);
      const rate = (greatestRate / 2) * warm * (1 + Math.cos((Math.PI * step) / steps));
      const loss = await learner.step(pictures, cells, rate);
      onStep?.(step + 1, loss);
    }
    return learner.learned();
  } finally {
    await learner.close();
  }
}
