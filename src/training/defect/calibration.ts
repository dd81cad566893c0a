import { type Join, joinOf } from './join.ts';
import { patchNet } from './patch-net.ts';
import { deviationsOf, type Kinds, scalesOfKinds, thresholdOf } from './threshold.ts';
import { weightsOf } from './weights.ts';

/** `unitOf(weights · numbers + bias)`: 0.5 is the threshold. */
interface Linear {
  readonly weights: readonly number[];
  readonly bias: number;
}

export interface Calibration {
  /** Of the evidence of a picture. */
  readonly picture: Join;
  /** Of the maps, patch by patch. */
  readonly patch: Linear;
  /** The same without what is said of the whole picture: for who looks at a part of it only. */
  readonly local: Linear;
}

/** What a model that has not learned from a picture says of it. */
export interface Judged {
  readonly evidence: Float32Array;
  /** `[kinds, 32, 32]` */
  readonly maps: Float32Array;
}

/** Of the kinds of evidence. Another light makes the whole strange, and what tells damage is right most often. */
export const partWeights: readonly number[] = [0.5, 1, 2, 1];

/** Parts that a model had not learned from. */
export interface HeldOut {
  readonly good: readonly Judged[];
  readonly relit: readonly Judged[];
  readonly bad: readonly Judged[];
}

/** From any number to (0, 1). Unlike a logistic curve it still tells bad from worse where both are far beyond. */
export function unitOf(value: number): number {
  return 0.5 + (0.5 * value) / (1 + Math.abs(value));
}

/**
 * Puts kinds of evidence on one scale, that of the good parts' own distribution, joins them, and lays the threshold.
 * @param good as they are; `relit` in another light
 */
export function calibrate({ good, relit, bad }: HeldOut): Calibration {
  const of = (kinds: (each: Judged) => Float32Array) => ({
    good: good.map(kinds),
    relit: relit.map(kinds),
    bad: bad.map(kinds),
  });
  const evidence = of((each) => each.evidence);
  return {
    picture: joinOf(evidence, partWeights),
    // No patch of a good part should be shown as a defect: its worst one is what counts.
    patch: linear(of(worstPatch)),
    local: linear(of((each) => withoutWhole(worstPatch(each)))),
  };
}

/** Adds kinds up, each by what the bad ones, where there are some, say that it counts. */
export function linear({ good, relit = [], bad }: Kinds): Linear {
  const scales = scalesOfKinds(good);
  const deviations = (row: Float32Array) => deviationsOf(row, scales);
  const counts = bad.length > 0 ? weightsOf(good.map(deviations), bad.map(deviations)) : scales.map(() => 1);
  const sum = (row: Float32Array) =>
    deviations(row).reduce((total, value, kind) => total + value * (counts[kind] ?? 0), 0);
  const { threshold, gain } = thresholdOf([...good, ...relit].map(sum), bad.map(sum));
  const weights = scales.map(({ spread }, kind) => (gain * (counts[kind] ?? 0)) / spread);
  const shift = scales.reduce((total, { middle }, kind) => total + (weights[kind] ?? 0) * middle, 0);
  return { weights, bias: -gain * threshold - shift };
}

/** The second of the maps is that of the whole: see scoring-graph.ts. It never varies here, so it gets no weight. */
function withoutWhole(kinds: Float32Array): Float32Array {
  return kinds.map((value, kind) => (kind === 1 ? 0 : value));
}

function worstPatch({ maps }: Judged): Float32Array {
  const area = patchNet.fine.cells ** 2;
  const kinds = maps.length / area;
  return Float32Array.from({ length: kinds }, (_, kind) =>
    maps.subarray(kind * area, (kind + 1) * area).reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY),
  );
}
