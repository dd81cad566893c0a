import { GatewayError } from '../../errors.ts';
import { type Pictures, pictureAt } from '../pictures.ts';
import { seeded } from '../random.ts';
import { damaged } from './damage/damage.ts';
import { octaves } from './damage/plane.ts';
import { type Patches, patchNet } from './patch-net.ts';
import { openPatchViewer } from './patch-viewer.ts';
import { type Lessons, lessonsOf, type PatchRows, rowsOfPatches, sharesOf } from './samples.ts';

/** What is kept of a picture to judge it. */
export interface JudgedPart {
  readonly patches: Patches;
}

/** And of a good one, to learn from it. */
export interface SeenPart extends JudgedPart {
  /** Of some good parts: in another light. */
  readonly relit?: Patches;
  /** As it is and in another light. */
  readonly rows: readonly PatchRows[];
  readonly lessons: readonly Lessons[];
}

export interface PartViewer {
  /** Donors of foreign texture are of the same fold as the part: of what is held out, nothing is learned. */
  lookAtGood(pictures: Pictures, foldOf: (index: number) => number): Promise<SeenPart[]>;
  /** Nothing is learned from them: see `withMarks` for who has masks. */
  lookAtBad(pictures: Pictures): Promise<JudgedPart[]>;
  close(): Promise<void>;
}

/** Damaged copies of good parts: so many altogether, within these bounds of each. */
const damagedTotal = 240;
const [fewestCopies, mostCopies] = [2, 8];
/** Parts that are judged in another light too: enough for a threshold, and patches take 0.4 MB. */
const judgedRelit = 100;
/** How bright a part may be another time, by its brightness now. */
const exposures = [0.5, 1.7] as const;
/** Patches to learn from: of a good part, and at most of one with damage. */
const [patchesOfGood, patchesOfDamaged] = [60, 40];

/** Looks at parts through the patch net. @throws REQUEST_INVALID for pictures that are not 256 × 256 × 3. */
export async function openPartViewer(options: {
  readonly seed: number;
  readonly signal?: AbortSignal | undefined;
}): Promise<PartViewer> {
  const { seed, signal } = options;
  const random = seeded(seed);
  const viewer = await openPatchViewer();
  const look = (pixels: Uint8Array) => {
    signal?.throwIfAborted();
    return viewer.look(pixels);
  };
  return {
    async lookAtGood(pictures, foldOf) {
      checkSize(pictures);
      const copies = Math.min(mostCopies, Math.max(fewestCopies, Math.ceil(damagedTotal / pictures.count)));
      const indices = Array.from({ length: pictures.count }, (_, i) => i);
      const every = Math.ceil(pictures.count / judgedRelit);
      const seen: SeenPart[] = [];
      for (const index of indices) {
        const pixels = pictureAt(pictures, index);
        const patches = await look(pixels);
        const relit = await look(exposed(pixels, octaves(...exposures, random)));
        const lessons = [patches, relit].map((each) => lessonsOf(each, undefined, patchesOfGood, random));
        const donors = indices.filter((other) => foldOf(other) === foldOf(index));
        for (let copy = 0; copy < copies; copy++) {
          const donor = donors[Math.floor(random() * donors.length)] ?? index;
          const made = damaged(pixels, pictureAt(pictures, donor), random);
          lessons.push(lessonsOf(await look(made.pixels), sharesOf(made.mask), patchesOfDamaged, random));
        }
        const rows = [rowsOfPatches(patches), rowsOfPatches(relit)];
        seen.push({ patches, ...(index % every === 0 && { relit }), rows, lessons });
      }
      return seen;
    },
    async lookAtBad(pictures) {
      checkSize(pictures);
      const seen: JudgedPart[] = [];
      for (let index = 0; index < pictures.count; index++)
        seen.push({ patches: await look(pictureAt(pictures, index)) });
      return seen;
    },
    close: () => viewer.close(),
  };
}

/** What is too bright for the sensor is white. */
function exposed(pixels: Uint8Array, gain: number): Uint8Array {
  const levels = Uint8ClampedArray.from({ length: 256 }, (_, level) => level * gain);
  const result = new Uint8Array(pixels.length);
  for (let i = 0; i < result.length; i++) result[i] = levels[pixels[i] ?? 0] ?? 0;
  return result;
}

function checkSize({ width, height, channels }: Pictures): void {
  const { side } = patchNet;
  if (width === side && height === side && channels === 3) return;
  throw new GatewayError(
    'REQUEST_INVALID',
    `Expected pictures of ${side} × ${side} × 3 for patches but received ${width} × ${height} × ${channels}`,
  );
}
