import { permutation, seeded } from '../random.ts';
import { fitGaussian } from './gaussian.ts';
import { trainHead } from './head.ts';
import type { Grain } from './lines.ts';
import { patchNet } from './patch-net.ts';
import { headLength, innerPatches, type Lessons, type PatchRows } from './samples.ts';
import type { PartModel, PatchHead } from './scoring-graph.ts';

export interface LearnOptions {
  readonly seed: number;
  readonly signal?: AbortSignal | undefined;
}

const { channels } = patchNet.coarse;
/** Bounds of what is looked at, so that a thousand pictures take hardly longer than a hundred. */
const [mostGaussianPatches, mostHeadPatches] = [15_000, 36_000];
/** Of patches there are always plenty; of whole pictures the share falls with their number, as 6 to 30. */
const patchShrinkage = 0.01;
const wholeShrinkage = (pictures: number) => Math.min(0.5, Math.max(0.05, 6 / pictures));
const head = { units: 64, epochs: 4 };

/** How good parts scatter. */
export function learnScatter(good: readonly PatchRows[]): Omit<PartModel, 'head' | 'grain'> {
  const pictures = new Float32Array(good.length * 2 * channels);
  for (const [i, { picture }] of good.entries()) pictures.set(picture, i * 2 * channels);
  return {
    own: fitGaussian(patchesOf(good, 'own'), channels, patchShrinkage),
    plain: fitGaussian(patchesOf(good, 'plain'), channels, patchShrinkage),
    whole: fitGaussian(pictures, 2 * channels, wholeShrinkage(good.length)),
  };
}

/** The direction in which good parts show the plainer lines. @param good see `addLines` */
export function grainOf(good: readonly Float32Array[]): Grain {
  const more = good.reduce((sum, [down = 0, across = 0]) => sum + down - across, 0);
  return more >= 0 ? 'down' : 'across';
}

/** What tells damaged patches from good ones. @throws TRAINING_UNAVAILABLE */
export function learnDamage(lessons: readonly Lessons[], { seed, signal }: LearnOptions): Promise<PatchHead> {
  return trainHead(someOf(lessons, seed), { ...head, seed, signal });
}

/** Evenly over the parts and over each of them: `[count, channels]`. */
function patchesOf(parts: readonly PatchRows[], kind: 'own' | 'plain'): Float32Array {
  const each = Math.min(innerPatches, Math.ceil(mostGaussianPatches / parts.length));
  const all = new Float32Array(parts.length * each * channels);
  for (const [i, part] of parts.entries()) {
    for (let k = 0; k < each; k++) {
      const from = Math.floor((k * innerPatches) / each) * channels;
      all.set(part[kind].subarray(from, from + channels), (i * each + k) * channels);
    }
  }
  return all;
}

/** All patches of all lessons, or as many of them at random as a head learns from. */
function someOf(lessons: readonly Lessons[], seed: number): Lessons {
  const places = lessons.flatMap(({ spoilt }, lesson) => Array.from(spoilt, (_, at) => ({ lesson, at })));
  const order = permutation(places.length, seeded(seed)).subarray(0, mostHeadPatches);
  const rows = new Float32Array(order.length * headLength);
  const spoilt = new Uint8Array(order.length);
  for (const [row, index] of order.entries()) {
    const place = places[index];
    const from = place && lessons[place.lesson];
    if (!from) continue;
    rows.set(from.rows.subarray(place.at * headLength, (place.at + 1) * headLength), row * headLength);
    spoilt[row] = from.spoilt[place.at] ?? 0;
  }
  return { rows, spoilt };
}
