import type { Random } from '../random.ts';
import type { GreyPart, SpoiltGreyPart } from './grey-parts.ts';
import { paste } from './paste.ts';
import { closeupSide, isPartEdge, look, partSide, type View, viewOf } from './view.ts';

export interface CloseupOptions {
  readonly good: readonly GreyPart[];
  readonly spoilt: readonly SpoiltGreyPart[];
  readonly random: Random;
}

/** Cells a side of what is said of a close-up, of 8 × 8 pixels each. */
export const closeupCells = 16;

const area = closeupSide * closeupSide;
const cellSide = closeupSide / closeupCells;
/** From this share on a cell is bad altogether: small defects cover no more of any. */
const spoiltShare = 1 / 3;
/** 0 would choose all bad parts alike, 1 by how small the defect is. */
const smallFirst = 0.3;
/** Cells at an edge of a close-up where the part goes on: the net sees zeros there that it will never see again. */
const ignoredCells = 2;

/**
 * Fills `pictures` `[count, 1, 128, 128]` and `truth` `[count, 1, 16, 16]`. A third of the close-ups shows a defect,
 * a third one that was cut out of its part and put into a good one, the others none. Pixels are in deviations from
 * the mean of their part, then in another light. In `truth` stands how bad a cell is, -1 where that is left open.
 */
export function fillCloseups(options: CloseupOptions, pictures: Float32Array, truth: Float32Array): void {
  const { good, spoilt, random } = options;
  const mask = new Float32Array(area);
  const cut = new Float32Array(area);
  for (let i = 0; i * area < pictures.length; i++) {
    const picture = pictures.subarray(i * area, (i + 1) * area);
    const bad = oneSpoilt(spoilt, random);
    mask.fill(0);
    let view: View;
    if (i % 3 === 0) {
      view = lookAtDefect(bad, picture, mask, random);
    } else {
      view = viewOf(random() * partSide, random() * partSide, random);
      lookAtPart(oneOf(good, random), view, picture);
      if (i % 3 === 1) {
        lookAtDefect(bad, cut, mask, random);
        paste(cut, mask, picture, random);
      }
    }
    expose(picture, random);
    const cells = closeupCells * closeupCells;
    summarise(mask, view, truth.subarray(i * cells, (i + 1) * cells));
  }
}

function oneOf<T>(all: readonly T[], random: Random): T {
  const one = all[Math.floor(random() * all.length)];
  if (one === undefined) throw new RangeError('Expected parts for close-ups but received none');
  return one;
}

/** Small defects more often than large ones, of which every part shows so much more. */
function oneSpoilt(spoilt: readonly SpoiltGreyPart[], random: Random): SpoiltGreyPart {
  const least = spoilt.reduce((fewest, { places }) => Math.min(fewest, places.length), partSide ** 2);
  for (;;) {
    const one = oneOf(spoilt, random);
    if (random() < (least / one.places.length) ** smallFirst) return one;
  }
}

function lookAtDefect(part: SpoiltGreyPart, out: Float32Array, mask: Float32Array, random: Random): View {
  const place = part.places[Math.floor(random() * part.places.length)] ?? 0;
  const view = viewOf((place % partSide) + 0.5, Math.floor(place / partSide) + 0.5, random);
  lookAtPart(part, view, out);
  look(part.mask, view, mask);
  for (let i = 0; i < area; i++) mask[i] = (mask[i] ?? 0) > 0.4 ? 1 : 0;
  return view;
}

function lookAtPart({ pixels, mean, deviation }: GreyPart, view: View, out: Float32Array): void {
  look(pixels, view, out);
  for (let i = 0; i < area; i++) out[i] = ((out[i] ?? 0) - mean) / deviation;
}

/** Another light that falls from another side, and the noise of a camera. */
function expose(picture: Float32Array, random: Random): void {
  const between = (low: number, high: number) => low + random() * (high - low);
  const gain = between(0.7, 1.4);
  const [offset, acrossX, acrossY] = [between(-0.3, 0.3), between(-0.3, 0.3), between(-0.3, 0.3)];
  const noise = random() < 0.5 ? between(0, 0.3) : 0;
  for (let i = 0; i < area; i++) {
    const [x, y] = [(i % closeupSide) / closeupSide - 0.5, Math.floor(i / closeupSide) / closeupSide - 0.5];
    const grain = noise > 0 ? (random() + random() - 1) * noise : 0;
    picture[i] = (picture[i] ?? 0) * gain + offset + acrossX * x + acrossY * y + grain;
  }
}

function summarise(mask: Float32Array, view: View, truth: Float32Array): void {
  truth.fill(0);
  for (let i = 0; i < area; i++) {
    const row = Math.floor(i / (closeupSide * cellSide));
    const cell = row * closeupCells + Math.floor((i % closeupSide) / cellSide);
    truth[cell] = (truth[cell] ?? 0) + (mask[i] ?? 0);
  }
  const enough = cellSide * cellSide * spoiltShare;
  for (let cell = 0; cell < truth.length; cell++) truth[cell] = Math.min(1, (truth[cell] ?? 0) / enough);
  const half = closeupSide / 2;
  const last = closeupCells - 1;
  const [left, right] = [isPartEdge(view, 0, half), isPartEdge(view, closeupSide, half)];
  const [top, bottom] = [isPartEdge(view, half, 0), isPartEdge(view, half, closeupSide)];
  for (let along = 0; along < closeupCells; along++) {
    for (let depth = 0; depth < ignoredCells; depth++) {
      if (!left) truth[along * closeupCells + depth] = -1;
      if (!right) truth[along * closeupCells + last - depth] = -1;
      if (!top) truth[depth * closeupCells + along] = -1;
      if (!bottom) truth[(last - depth) * closeupCells + along] = -1;
    }
  }
}
