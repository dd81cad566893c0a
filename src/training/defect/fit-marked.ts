import type { Learned } from '../net/folded.ts';
import { type Pictures, pictureAt } from '../pictures.ts';
import { undone, unitOf } from './calibration.ts';
import { type FitOptions, type FittedParts, fitParts } from './fit.ts';
import { foldOf, folds } from './folds.ts';
import { greyPart, spoiltPart } from './grey-parts.ts';
import { calibrateSpots, joined } from './spot-calibration.ts';
import { openSpotFinder, withSpotNets } from './spot-graph.ts';
import { learnSpots } from './spots.ts';

export interface MarkedFitOptions extends FitOptions {
  readonly bad: NonNullable<FitOptions['bad']>;
  readonly masks: NonNullable<FitOptions['masks']>;
  /** How long each of three nets learns, in steps of 24 close-ups. Default 600: two minutes of one core. */
  readonly steps?: number | undefined;
}

/**
 * As `fitParts`, and beside it nets that learn what the masks show: see `withSpots`.
 * @throws REQUEST_INVALID for too few pictures, TRAINING_UNAVAILABLE
 */
export async function fitMarkedParts(options: MarkedFitOptions): Promise<FittedParts> {
  return withSpots(await fitParts(options), options);
}

/**
 * Adds to a part model that was fitted to the same parts three nets that learn from nothing what defects look like:
 * they see the small ones that patches of a frozen net do not. Each of them learns from two thirds of the parts and
 * judges the last third, from which follows how much they count; all of them judge in the end.
 */
export async function withSpots(fitted: FittedParts, options: MarkedFitOptions): Promise<FittedParts> {
  const { good, bad, masks, seed, steps = 600, signal, onProgress = () => {} } = options;
  const goodParts = Array.from({ length: good.count }, (_, i) => greyPart(pictureAt(good, i)));
  const badParts = Array.from({ length: bad.count }, (_, i) => spoiltPart(pictureAt(bad, i), masks[i]));
  const nets: Learned[] = [];
  const heldOut: { good: number[]; bad: number[] } = { good: [], bad: [] };
  for (let fold = 0; fold < folds; fold++) {
    onProgress(`Learning from masks, ${fold + 1} of ${folds}`);
    const known = <T>(all: readonly T[]) => all.filter((_, i) => foldOf(i, all.length) !== fold);
    const spoilt = known(badParts).filter(({ places }) => places.length > 0);
    if (spoilt.length === 0) return fitted;
    const net = await learnSpots(known(goodParts), spoilt, { seed: seed + fold, steps, signal });
    nets.push(net);
    const judge = (pictures: Pictures) =>
      worstSpots(net, pictures, (i) => foldOf(i, pictures.count) === fold);
    heldOut.good.push(...(await judge(good)));
    heldOut.bad.push(...(await judge(bad)));
  }
  const seen = (kind: 'good' | 'bad') =>
    heldOut[kind].map((spot, i) => ({ spot, part: undone(fitted.heldOut[kind][i] ?? 0.5) }));
  const calibration = calibrateSpots(seen('good'), seen('bad'));
  const scores = (kind: 'good' | 'bad') => seen(kind).map((each) => unitOf(joined(each, calibration)));
  return {
    graph: withSpotNets(fitted.graph, nets, calibration),
    heldOut: { good: scores('good'), bad: scores('bad') },
  };
}

async function worstSpots(
  net: Learned,
  pictures: Pictures,
  isMeant: (index: number) => boolean,
): Promise<number[]> {
  const finder = await openSpotFinder([net]);
  try {
    const worst: number[] = [];
    for (let i = 0; i < pictures.count; i++) {
      if (!isMeant(i)) continue;
      const logits = await finder.find(pictureAt(pictures, i));
      worst.push(logits.reduce((a, b) => Math.max(a, b)));
    }
    return worst;
  } finally {
    await finder.close();
  }
}
