import { GatewayError } from '../../errors.ts';
import type { Pictures } from '../pictures.ts';
import { type Calibration, calibrate, type Judged, unitOf } from './calibration.ts';
import { learnParts } from './learn.ts';
import { openScorer, partGraph } from './part-graph.ts';
import { openPartViewer, type SeenPart } from './part-viewer.ts';
import { readPatchNet } from './patch-net.ts';
import type { PartModel } from './scoring-graph.ts';

export interface FitOptions {
  /** `[count, 256, 256, 3]`, at least 10; 30 or more are better. Pictures of one part should follow each other. */
  readonly good: Pictures;
  readonly bad?: Pictures | undefined;
  /** Of every bad picture `[256, 256]`, 0 to 1: where it is bad; the model then learns from it. */
  readonly masks?: readonly Float32Array[] | undefined;
  readonly seed: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (step: string) => void;
}

export interface FittedParts {
  /** ONNX: see `partGraph`. */
  readonly graph: Uint8Array;
  /** Scores of good parts that the model had not learned from, as cross-validation found them. */
  readonly heldOut: { readonly good: readonly number[]; readonly bad: readonly number[] };
}

const fewest = 10;
const folds = 3;

/**
 * Learns what good parts look like, and to tell them from damage that is made up or, with masks, from that of bad
 * ones. The threshold follows from parts that the model had not learned from.
 * @throws REQUEST_INVALID for too few pictures or such of another size, TRAINING_UNAVAILABLE
 */
export async function fitParts(options: FitOptions): Promise<FittedParts> {
  const { good, bad, masks, seed, signal, onProgress = () => {} } = options;
  if (good.count < fewest) {
    throw new GatewayError(
      'REQUEST_INVALID',
      `Expected at least ${fewest} pictures of good parts but received ${good.count}`,
    );
  }
  const viewer = await openPartViewer({ seed, signal });
  try {
    onProgress(`Looking at ${good.count} good parts`);
    const goodParts = await viewer.lookAtGood(good, (index) => foldOf(index, good.count));
    if (bad) onProgress(`Looking at ${bad.count} bad parts`);
    const badParts = bad ? await viewer.lookAtBad(bad, masks) : [];
    return await fitSeenParts({ good: goodParts, bad: badParts }, options);
  } finally {
    await viewer.close();
  }
}

/** The same of parts that were looked at before. */
export async function fitSeenParts(
  parts: { readonly good: readonly SeenPart[]; readonly bad: readonly SeenPart[] },
  { seed, signal, onProgress = () => {} }: Pick<FitOptions, 'seed' | 'signal' | 'onProgress'>,
): Promise<FittedParts> {
  const learn = (kept: (index: number, count: number) => boolean) => {
    const [good, bad] = [parts.good, parts.bad].map((all) => all.filter((_, i) => kept(i, all.length)));
    const rows = (good ?? []).flatMap((part) => part.rows);
    const lessons = [...(good ?? []), ...(bad ?? [])].flatMap((part) => part.lessons);
    return learnParts(rows, lessons, { seed, signal });
  };
  const heldOut: { good: Judged[][]; bad: Judged[][] } = { good: [], bad: [] };
  for (let fold = 0; fold < folds; fold++) {
    onProgress(`Learning, ${fold + 1} of ${folds + 1}`);
    const model = await learn((index, count) => foldOf(index, count) !== fold);
    const held = (all: readonly SeenPart[]) => all.filter((_, i) => foldOf(i, all.length) === fold);
    heldOut.good.push(...(await judge(model, held(parts.good))));
    heldOut.bad.push(...(await judge(model, held(parts.bad))));
  }
  onProgress(`Learning, ${folds + 1} of ${folds + 1}`);
  const model = await learn(() => true);
  const calibration = calibrate(heldOut.good.flat(), heldOut.bad.flat());
  const scores = (judged: readonly Judged[][]) =>
    judged.flatMap(([asIs]) => (asIs ? scoreOf(asIs, calibration) : []));
  return {
    graph: partGraph(await readPatchNet(), model, calibration),
    heldOut: { good: scores(heldOut.good), bad: scores(heldOut.bad) },
  };
}

function foldOf(index: number, count: number): number {
  return Math.floor((index * folds) / count);
}

/** Of every part, first as it is. */
async function judge(model: PartModel, parts: readonly SeenPart[]): Promise<Judged[][]> {
  const scorer = await openScorer(model);
  try {
    const judged: Judged[][] = [];
    for (const { patches } of parts) {
      const each: Judged[] = [];
      for (const light of patches) each.push(await scorer.score(light));
      judged.push(each);
    }
    return judged;
  } finally {
    await scorer.close();
  }
}

function scoreOf({ evidence }: Judged, { picture }: Calibration): number {
  return unitOf(picture.weights.reduce((sum, weight, i) => sum + weight * (evidence[i] ?? 0), picture.bias));
}
