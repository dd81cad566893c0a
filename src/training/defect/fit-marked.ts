import type { Learned } from '../net/folded.ts';
import { type Pictures, pictureAt } from '../pictures.ts';
import { unitOf } from './calibration.ts';
import { type FieldPart, type FieldScales, fieldPart, fieldScales } from './field-parts.ts';
import { learnFields } from './fields.ts';
import { type FitOptions, type FittedParts, fitParts } from './fit.ts';
import { foldOf, folds } from './folds.ts';
import { type GreyPart, greyPart, type SpoiltGreyPart, spoiltPart } from './grey-parts.ts';
import { joined } from './join.ts';
import { calibrateMasks } from './mask-calibration.ts';
import { openMaskFinder, withMaskNets } from './mask-graph.ts';
import type { MaskNets } from './mask-nets.ts';
import { openPatchViewer } from './patch-viewer.ts';
import { learnSpots } from './spots.ts';

export interface MarkedFitOptions extends FitOptions {
  readonly bad: NonNullable<FitOptions['bad']>;
  /** Of every bad picture `[256, 256]`, 0 to 1: where it is bad. */
  readonly masks: readonly Float32Array[];
  /** How long each of three nets learns from close-ups, in steps of 24; three more from whole parts half as long. */
  readonly steps?: number | undefined;
}

/**
 * As `fitParts`, and beside it nets that learn what the masks show: see `withMarks`.
 * @throws REQUEST_INVALID for too few pictures, TRAINING_UNAVAILABLE
 */
export async function fitMarkedParts(options: MarkedFitOptions): Promise<FittedParts> {
  return withMarks(await fitParts(options), options);
}

/**
 * Adds to a part model that was fitted to the same parts three pairs of nets: of each, one learns from close-ups what
 * small defects look like, the other from patches of whole parts what large ones do. A pair learns from two thirds of
 * the parts and judges the last third, from which follows how much they count; all of them judge in the end.
 */
export async function withMarks(fitted: FittedParts, options: MarkedFitOptions): Promise<FittedParts> {
  const { good, bad, onProgress = () => {} } = options;
  onProgress('Looking at marked parts');
  const { parts, scales } = await lookAt(options);
  const nets = { spots: [] as Learned[], fields: [] as Learned[], scales };
  const heldOut = { good: [] as Float32Array[], bad: [] as Float32Array[] };
  for (let fold = 0; fold < folds; fold++) {
    onProgress(`Learning from masks, ${fold + 1} of ${folds}`);
    const known = <T>(all: readonly T[]) => all.filter((_, i) => foldOf(i, all.length) !== fold);
    const pair = await learnPair({ good: known(parts.good), bad: known(parts.bad) }, scales, fold, options);
    if (pair === undefined) return fitted;
    nets.spots.push(...pair.spots);
    nets.fields.push(...pair.fields);
    const judge = (pictures: Pictures) =>
      evidenceOf(pair, pictures, (i) => foldOf(i, pictures.count) === fold);
    heldOut.good.push(...(await judge(good)));
    heldOut.bad.push(...(await judge(bad)));
  }
  const seen = (kind: 'good' | 'bad') =>
    heldOut[kind].map((evidence, i) => Float32Array.of(...(fitted.evidence[kind][i] ?? []), ...evidence));
  const evidence = { good: seen('good'), bad: seen('bad') };
  const calibration = calibrateMasks(evidence, fitted.scales);
  const scores = (rows: readonly Float32Array[]) =>
    rows.map((row) => unitOf(joined(row, calibration.picture)));
  return {
    graph: withMaskNets(fitted.graph, nets, calibration),
    evidence,
    scales: fitted.scales,
    heldOut: { good: scores(evidence.good), bad: scores(evidence.bad) },
  };
}

/** A part as both kinds of nets see it. */
interface Seen<Grey extends GreyPart> {
  readonly close: Grey;
  readonly whole: FieldPart;
}

interface SeenParts {
  readonly good: readonly Seen<GreyPart>[];
  readonly bad: readonly Seen<SpoiltGreyPart>[];
}

async function lookAt({
  good,
  bad,
  masks,
  signal,
}: MarkedFitOptions): Promise<{ parts: SeenParts; scales: FieldScales }> {
  const viewer = await openPatchViewer();
  try {
    const scales = await fieldScales(viewer, good);
    const parts = { good: [] as Seen<GreyPart>[], bad: [] as Seen<SpoiltGreyPart>[] };
    for (let i = 0; i < good.count; i++) {
      signal?.throwIfAborted();
      const rgb = pictureAt(good, i);
      parts.good.push({ close: greyPart(rgb), whole: await fieldPart(viewer, scales, rgb) });
    }
    for (let i = 0; i < bad.count; i++) {
      signal?.throwIfAborted();
      const [rgb, mask] = [pictureAt(bad, i), masks[i]];
      parts.bad.push({ close: spoiltPart(rgb, mask), whole: await fieldPart(viewer, scales, rgb, mask) });
    }
    return { parts, scales };
  } finally {
    await viewer.close();
  }
}

/** Undefined where no mask shows anything. */
async function learnPair(
  { good, bad }: SeenParts,
  scales: FieldScales,
  fold: number,
  { seed, steps = 400, signal }: MarkedFitOptions,
): Promise<MaskNets | undefined> {
  const spoilt = bad.filter(({ close }) => close.places.length > 0);
  if (spoilt.length === 0) return undefined;
  const closeOf = <Grey extends GreyPart>({ close }: Seen<Grey>) => close;
  const wholeOf = ({ whole }: Seen<GreyPart>) => whole;
  const options = { seed: seed + fold, steps, signal };
  const spots = await learnSpots(good.map(closeOf), spoilt.map(closeOf), options);
  const brief = { ...options, steps: Math.ceil(steps / 2) };
  const fields = await learnFields(good.map(wholeOf), spoilt.map(wholeOf), brief);
  return { spots: [spots], fields: [fields], scales };
}

async function evidenceOf(
  nets: MaskNets,
  pictures: Pictures,
  isMeant: (index: number) => boolean,
): Promise<Float32Array[]> {
  const finder = await openMaskFinder(nets);
  try {
    const all: Float32Array[] = [];
    for (let i = 0; i < pictures.count; i++)
      if (isMeant(i)) all.push((await finder.find(pictureAt(pictures, i))).evidence);
    return all;
  } finally {
    await finder.close();
  }
}
