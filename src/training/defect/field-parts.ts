import { type Pictures, pictureAt } from '../pictures.ts';
import { fieldInput } from './field-net.ts';
import { scalesOf } from './gaussian.ts';
import { type Patches, patchNet } from './patch-net.ts';
import type { PatchViewer } from './patch-viewer.ts';

const { fine, side } = patchNet;
const { channels, cells } = fieldInput;
const area = cells * cells;
/** A deviation is so many steps of eight bits: four views of a thousand parts take 0.2 GB. */
export const stepsOfDeviation = 20;
/** What lies farther off says no more. */
export const mostDeviations = 127 / stepsOfDeviation;
/** Pictures that tell how patches scatter. */
const mostScaled = 100;
/** The share of a part that a large defect covers, at least. */
const largeShare = 1 / 50;

const mirrors = [
  { x: false, y: false },
  { x: true, y: false },
  { x: false, y: true },
  { x: true, y: true },
] as const;

/** Mean and deviation of every channel, `[216]` each. */
export interface FieldScales {
  readonly mean: Float32Array;
  readonly deviation: Float32Array;
}

/** A part as it is, mirrored left to right, top to bottom, and both. */
export interface FieldPart {
  readonly views: readonly FieldView[];
  /** Whether its defect is a large one. */
  readonly isLarge: boolean;
}

export interface FieldView {
  /** `[216, 16, 16]`, in twentieths of a deviation. */
  readonly patches: Int8Array;
  /** The share of every cell that is bad, `[16 * 16]`. */
  readonly spoilt: Float32Array;
}

export async function fieldScales(viewer: PatchViewer, pictures: Pictures): Promise<FieldScales> {
  const count = Math.min(mostScaled, pictures.count);
  const rows = new Float32Array(count * area * channels);
  for (let i = 0; i < count; i++) {
    const index = Math.floor((i * pictures.count) / count);
    const patches = gathered(await viewer.look(pictureAt(pictures, index)));
    for (let c = 0; c < channels; c++)
      for (let cell = 0; cell < area; cell++)
        rows[(i * area + cell) * channels + c] = patches[c * area + cell] ?? 0;
  }
  const { mean, deviation } = scalesOf(rows, channels);
  return { mean: Float32Array.from(mean), deviation: Float32Array.from(deviation) };
}

/** @param mask `[256, 256]` in [0, 1] */
export async function fieldPart(
  viewer: PatchViewer,
  scales: FieldScales,
  rgb: Uint8Array,
  mask: Float32Array = new Float32Array(side * side),
): Promise<FieldPart> {
  const shares = sharesOfCells(mask);
  const views: FieldView[] = [];
  for (const mirror of mirrors) {
    const picture = new Uint8Array(rgb.length);
    for (let place = 0; place < side * side; place++) {
      const from = 3 * mirrored(place, side, mirror);
      for (let colour = 0; colour < 3; colour++) picture[3 * place + colour] = rgb[from + colour] ?? 0;
    }
    const patches = inSteps(gathered(await viewer.look(picture)), scales);
    views.push({ patches, spoilt: shares.map((_, cell) => shares[mirrored(cell, cells, mirror)] ?? 0) });
  }
  return { views, isLarge: shares.reduce((sum, share) => sum + share, 0) > largeShare * area };
}

/** Fine patches in means of four, then the coarse ones: `[216, 16, 16]`. */
function gathered(patches: Patches): Float32Array {
  const all = new Float32Array(channels * area);
  const step = fine.cells / cells;
  for (let row = 0, i = 0; row < fine.channels * fine.cells; row++) {
    const to = Math.floor(row / step) * cells;
    for (let column = 0; column < fine.cells; column++, i++) {
      const at = to + Math.floor(column / step);
      all[at] = (all[at] ?? 0) + (patches.fine[i] ?? 0) / step ** 2;
    }
  }
  all.set(patches.coarse, fine.channels * area);
  return all;
}

function inSteps(patches: Float32Array, { mean, deviation }: FieldScales): Int8Array {
  const steps = new Int8Array(patches.length);
  for (let i = 0; i < steps.length; i++) {
    const channel = Math.floor(i / area);
    const deviations = ((patches[i] ?? 0) - (mean[channel] ?? 0)) / (deviation[channel] ?? 1);
    steps[i] = Math.round(stepsOfDeviation * Math.min(mostDeviations, Math.max(-mostDeviations, deviations)));
  }
  return steps;
}

/** @param mask `[256, 256]` */
function sharesOfCells(mask: Float32Array): Float32Array {
  const shares = new Float32Array(area);
  const step = side / cells;
  for (let i = 0; i < mask.length; i++) {
    if ((mask[i] ?? 0) <= 0.4) continue;
    const cell = Math.floor(Math.floor(i / side) / step) * cells + Math.floor((i % side) / step);
    shares[cell] = (shares[cell] ?? 0) + 1 / step ** 2;
  }
  return shares;
}

/** Where in a square of `size` places a row the one lies that is seen at `place` in the mirror. */
function mirrored(place: number, size: number, { x, y }: (typeof mirrors)[number]): number {
  const column = place % size;
  const row = Math.floor(place / size);
  return (y ? size - 1 - row : row) * size + (x ? size - 1 - column : column);
}
