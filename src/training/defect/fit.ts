import { GatewayError } from '../../errors.ts';
import type { Pictures } from '../pictures.ts';
import { calibrate, type Judged, unitOf } from './calibration.ts';
import { foldOf, folds } from './folds.ts';
import { meanHead } from './head.ts';
import { joined } from './join.ts';
import { grainOf, learnDamage, learnScatter } from './learn.ts';
import { openScorer, partGraph } from './part-graph.ts';
import { type JudgedPart, openPartViewer, type SeenPart } from './part-viewer.ts';
import { readPatchNet } from './patch-net.ts';
import type { PatchHead } from './scoring-graph.ts';
import type { Scale } from './threshold.ts';

export interface FitOptions {
  /** `[count, 256, 256, 3]`, at least 10; 30 or more are better. Pictures of one part should follow each other. */
  readonly good: Pictures;
  readonly bad?: Pictures | undefined;
  readonly seed: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (step: string) => void;
}

export interface FittedParts {
  /** ONNX: see `partGraph`. */
  readonly graph: Uint8Array;
  /** What the scores of `heldOut` are made of: see `ScoringNodes`. */
  readonly evidence: { readonly good: readonly Float32Array[]; readonly bad: readonly Float32Array[] };
  /** Of the evidence of the part model. */
  readonly scales: readonly Scale[];
  /** Scores of good parts that the model had not learned from, as cross-validation found them. */
  readonly heldOut: { readonly good: readonly number[]; readonly bad: readonly number[] };
}

const fewest = 10;

/**
 * Learns what good parts look like, and to tell them from damage that is made up. The threshold follows from parts that
 * the model had not learned from.
 * @throws REQUEST_INVALID for too few pictures or such of another size, TRAINING_UNAVAILABLE
 */
export async function fitParts(options: FitOptions): Promise<FittedParts> {
  const { good, bad, seed, signal, onProgress = () => {} } = options;
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
    const badParts = bad ? await viewer.lookAtBad(bad) : [];
    return await fitSeenParts({ good: goodParts, bad: badParts }, options);
  } finally {
    await viewer.close();
  }
}

/** The same of parts that were looked at before. */
export async function fitSeenParts(
  parts: { readonly good: readonly SeenPart[]; readonly bad: readonly JudgedPart[] },
  { seed, signal, onProgress = () => {} }: Pick<FitOptions, 'seed' | 'signal' | 'onProgress'>,
): Promise<FittedParts> {
  const heldOut = { good: [] as Judged[], relit: [] as Judged[], bad: [] as Judged[] };
  const heads: PatchHead[] = [];
  const grain = grainOf(parts.good.map(({ patches }) => patches.lines));
  for (let fold = 0; fold < folds; fold++) {
    onProgress(`Learning, ${fold + 1} of ${folds}`);
    const inFold = <Part>(all: readonly Part[], held: boolean) =>
      all.filter((_, i) => (foldOf(i, all.length) === fold) === held);
    const learned = inFold(parts.good, false);
    const lessons = learned.flatMap((part) => part.lessons);
    const head = await learnDamage(lessons, { seed: seed + fold, signal });
    const model = { ...learnScatter(learned.flatMap(({ rows }) => rows)), head, grain };
    heads.push(head);
    const scorer = await openScorer(model);
    try {
      for (const { patches, relit } of inFold(parts.good, true)) {
        heldOut.good.push(await scorer.score(patches));
        if (relit) heldOut.relit.push(await scorer.score(relit));
      }
      for (const { patches } of inFold(parts.bad, true)) heldOut.bad.push(await scorer.score(patches));
    } finally {
      await scorer.close();
    }
  }
  const model = { ...learnScatter(parts.good.flatMap(({ rows }) => rows)), head: meanHead(heads), grain };
  const calibration = calibrate(heldOut);
  const evidenceOf = (judged: readonly Judged[]) => judged.map(({ evidence }) => evidence);
  const evidence = { good: evidenceOf(heldOut.good), bad: evidenceOf(heldOut.bad) };
  const scores = (rows: readonly Float32Array[]) =>
    rows.map((row) => unitOf(joined(row, calibration.picture)));
  return {
    graph: partGraph(await readPatchNet(), model, calibration),
    evidence,
    scales: calibration.picture.scales,
    heldOut: { good: scores(evidence.good), bad: scores(evidence.bad) },
  };
}
