import { type Random, seeded } from '../random.ts';
import { fitGaussian } from './gaussian.ts';
import { trainHead } from './head.ts';
import { patchNet } from './patch-net.ts';
import { innerPatches, type PatchRows, putPatch, somePatches } from './samples.ts';
import type { PartModel } from './scoring-graph.ts';

/** A part whose defects are known patch by patch. */
export interface SpoiltPart {
  readonly rows: PatchRows;
  /** `[196]`: the share of every inner patch that is spoilt. */
  readonly shares: Float32Array;
}

export interface LearnOptions {
  readonly seed: number;
  readonly signal?: AbortSignal | undefined;
}

const { channels } = patchNet;
/** Bounds of what is looked at, so that a thousand pictures take hardly longer than a hundred. */
const [mostGaussianPatches, mostHeadPatches] = [30_000, 36_000];
/** From this share on a patch counts as spoilt; those in between teach nothing. */
const spoiltShare = 0.2;
/** Of patches there are always plenty; of whole pictures the share falls with their number, as 6 to 30. */
const patchShrinkage = 0.01;
const wholeShrinkage = (pictures: number) => Math.min(0.5, Math.max(0.05, 6 / pictures));
const head = { units: 32, epochs: 6 };

/** What good parts look like and, where defects are known, how spoilt patches differ from good ones. */
export async function learnParts(
  good: readonly PatchRows[],
  spoilt: readonly SpoiltPart[],
  { seed, signal }: LearnOptions,
): Promise<PartModel> {
  const random = seeded(seed);
  const pictures = new Float32Array(good.length * 2 * channels);
  for (const [i, { picture }] of good.entries()) pictures.set(picture, i * 2 * channels);
  return {
    own: fitGaussian(patchesOf(good, 'own'), channels, patchShrinkage),
    plain: fitGaussian(patchesOf(good, 'plain'), channels, patchShrinkage),
    whole: fitGaussian(pictures, 2 * channels, wholeShrinkage(good.length)),
    ...(spoilt.length > 0 && {
      head: await trainHead(headSamples(good, spoilt, random), { ...head, seed, signal }),
    }),
  };
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

/** As many good patches as spoilt ones, about; the good ones of spoilt pictures among them. */
function headSamples(good: readonly PatchRows[], spoilt: readonly SpoiltPart[], random: Random) {
  const picked: { rows: PatchRows; index: number; spoilt: 0 | 1 }[] = [];
  const eachSpoilt = Math.max(8, Math.ceil(mostHeadPatches / 2 / Math.max(1, spoilt.length)));
  for (const { rows, shares } of spoilt) {
    const order = somePatches(innerPatches, random);
    const bad = order.filter((index) => (shares[index] ?? 0) >= spoiltShare);
    const clean = order.filter((index) => shares[index] === 0);
    for (const index of bad.subarray(0, eachSpoilt)) picked.push({ rows, index, spoilt: 1 });
    for (const index of clean.subarray(0, eachSpoilt >> 1)) picked.push({ rows, index, spoilt: 0 });
  }
  const eachGood = Math.max(8, Math.ceil(Math.min(picked.length, mostHeadPatches / 2) / good.length));
  for (const rows of good) {
    for (const index of somePatches(eachGood, random)) picked.push({ rows, index, spoilt: 0 });
  }
  const all = new Float32Array(picked.length * 2 * channels);
  for (const [row, { rows, index }] of picked.entries()) putPatch(rows, index, all, row);
  return { length: 2 * channels, rows: all, spoilt: Uint8Array.from(picked, ({ spoilt }) => spoilt) };
}
