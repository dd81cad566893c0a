import type { Learned } from '../net/folded.ts';
import type { Random } from '../random.ts';
import { describeFieldNet, fieldInput } from './field-net.ts';
import { type FieldPart, type FieldView, stepsOfDeviation } from './field-parts.ts';
import { learnNet, type NetOptions } from './learn-net.ts';

/** How a net learns; a step takes a twelfth of a second of one core, about. */
export type FieldOptions = Pick<NetOptions, 'seed' | 'steps' | 'signal' | 'onStep'>;

const batch = 32;
const { channels, cells } = fieldInput;
const area = cells * cells;
/** From this share on a cell is bad altogether. */
const spoiltShare = 1 / 3;
/** From this share on what a cell shows is put into another part. */
const pastedShare = 0.2;
/** How often the patches in a large mask are those of another good part. */
const foreignShare = 0.3;
/** Of the channels of a part, so many are silent, so that the net does not count on any. */
const silentShare = 0.2;

/** Trains a net from nothing on whole parts. The same seed and parts make the same net. */
export function learnFields(
  good: readonly FieldPart[],
  spoilt: readonly FieldPart[],
  options: FieldOptions,
): Promise<Learned> {
  return learnNet({
    ...options,
    net: describeFieldNet,
    picture: [batch, channels, cells, cells],
    truth: [batch, 1, cells, cells],
    fill: (pictures, truth, random) => fillParts({ good, spoilt, random }, pictures, truth),
    greatestRate: 2e-3,
  });
}

interface Source {
  readonly good: readonly FieldPart[];
  readonly spoilt: readonly FieldPart[];
  readonly random: Random;
}

/**
 * A third of the parts is bad, a third good with the patches of a defect put among its own, the others are good.
 * Large defects are often fields of a texture that is good elsewhere: some are made of the patches of good parts.
 */
function fillParts({ good, spoilt, random }: Source, pictures: Float32Array, truth: Float32Array): void {
  const large = spoilt.filter(({ isLarge }) => isLarge);
  const small = spoilt.filter(({ isLarge }) => !isLarge);
  /** Large ones half of the time: each shows so much more than a small one that they need not be more. */
  const oneSpoilt = () => {
    const wanted = random() < 0.5 ? large : small;
    return oneOf(wanted.length > 0 ? wanted : spoilt, random);
  };
  const viewOf = (part: FieldPart) => oneOf(part.views, random);
  for (let i = 0; i < batch; i++) {
    const picture = pictures.subarray(i * channels * area, (i + 1) * channels * area);
    const cellsTruth = truth.subarray(i * area, (i + 1) * area);
    const shown = viewOf(i % 3 === 0 ? oneSpoilt() : oneOf(good, random));
    for (let at = 0; at < picture.length; at++) picture[at] = (shown.patches[at] ?? 0) / stepsOfDeviation;
    let { spoilt: shares } = shown;
    if (i % 3 === 1) {
      const bad = oneSpoilt();
      const drawn = viewOf(bad);
      const isForeign = bad.isLarge && random() < foreignShare;
      paste(isForeign ? viewOf(oneOf(good, random)) : drawn, drawn.spoilt, picture);
      shares = drawn.spoilt;
    }
    for (const [cell, share] of shares.entries()) cellsTruth[cell] = Math.min(1, share / spoiltShare);
    silence(picture, random);
  }
}

function paste({ patches }: FieldView, shares: Float32Array, picture: Float32Array): void {
  for (const [cell, share] of shares.entries()) {
    if (share <= pastedShare) continue;
    for (let at = cell; at < picture.length; at += area) picture[at] = (patches[at] ?? 0) / stepsOfDeviation;
  }
}

/** Dropout of whole channels; the others make up for it. */
function silence(picture: Float32Array, random: Random): void {
  for (let channel = 0; channel < channels; channel++) {
    const factor = random() < silentShare ? 0 : 1 / (1 - silentShare);
    for (let at = channel * area; at < (channel + 1) * area; at++) picture[at] = (picture[at] ?? 0) * factor;
  }
}

function oneOf<T>(all: readonly T[], random: Random): T {
  const one = all[Math.floor(random() * all.length)];
  if (one === undefined) throw new RangeError('Expected parts to learn fields from but received none');
  return one;
}
