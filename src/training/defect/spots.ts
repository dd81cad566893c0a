import type { Learned } from '../net/folded.ts';
import { closeupCells, fillCloseups } from './closeups.ts';
import type { GreyPart, SpoiltGreyPart } from './grey-parts.ts';
import { learnNet, type NetOptions } from './learn-net.ts';
import { describeSpotNet } from './spot-net.ts';
import { closeupSide } from './view.ts';

/** How a net learns; a step of close-ups takes a sixth of a second of one core, about. */
export type SpotOptions = Pick<NetOptions, 'seed' | 'steps' | 'signal' | 'onStep'>;

const batch = 24;

/** Trains a net from nothing on close-ups of parts. The same seed and parts make the same net. */
export function learnSpots(
  good: readonly GreyPart[],
  spoilt: readonly SpoiltGreyPart[],
  options: SpotOptions,
): Promise<Learned> {
  return learnNet({
    ...options,
    net: describeSpotNet,
    picture: [batch, 1, closeupSide, closeupSide],
    truth: [batch, 1, closeupCells, closeupCells],
    fill: (pictures, truth, random) => fillCloseups({ good, spoilt, random }, pictures, truth),
    greatestRate: 3e-3,
  });
}
