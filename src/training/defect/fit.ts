import { GatewayError } from '../../errors.ts';
import type { Pictures } from '../pictures.ts';
import { type Calibration, calibrate, type Judged, unitOf } from './calibration.ts';
import { learnParts } from './learn.ts';
import { openScorer, partGraph } from './part-graph.ts';
import { patchesOf, patchNet, readPatchNet } from './patch-net.ts';
import { cellOf, innerPatches, type PatchRows, rowsOfPatches } from './samples.ts';
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

interface Part {
  readonly patches: Float32Array;
  readonly rows: PatchRows;
}

const { side, cells } = patchNet;
const fewest = 10;
const folds = 3;

/**
 * Learns what good parts look like and, from bad ones with masks, how defects do. The threshold follows from parts
 * that the model had not learned from.
 * @throws REQUEST_INVALID for too few pictures, TRAINING_UNAVAILABLE
 */
export async function fitParts(options: FitOptions): Promise<FittedParts> {
  const { good, bad, masks, seed, signal, onProgress = () => {} } = options;
  if (good.count < fewest) {
    throw new GatewayError(
      'REQUEST_INVALID',
      `Expected at least ${fewest} pictures of good parts but received ${good.count}`,
    );
  }
  const look = (pictures: Pictures) => patchesOf(pictures, { signal }).then((all) => all.map(partOf));
  onProgress(`Looking at ${good.count} good parts`);
  const goodParts = await look(good);
  if (bad) onProgress(`Looking at ${bad.count} bad parts`);
  const badParts = bad ? await look(bad) : [];
  const marked = masks ? badParts.map(({ rows }, i) => ({ rows, shares: sharesOf(masks[i]) })) : [];

  const heldOut: { good: Judged[]; bad: Judged[] } = { good: [], bad: [] };
  for (let fold = 0; fold < folds; fold++) {
    onProgress(`Learning, ${fold + 1} of ${folds + 1}`);
    const held = <T>(all: readonly T[], out: boolean) =>
      all.filter((_, i) => (Math.floor((i * folds) / all.length) === fold) === out);
    const rows = held(goodParts, false).map((part) => part.rows);
    const model = await learnParts(rows, held(marked, false), { seed, signal });
    heldOut.good.push(...(await judge(model, held(goodParts, true))));
    heldOut.bad.push(...(await judge(model, held(badParts, true))));
  }
  onProgress(`Learning, ${folds + 1} of ${folds + 1}`);
  const model = await learnParts(
    goodParts.map(({ rows }) => rows),
    marked,
    { seed, signal },
  );
  const calibration = calibrate(heldOut.good, heldOut.bad);
  return {
    graph: partGraph(await readPatchNet(), model, calibration),
    heldOut: { good: scores(heldOut.good, calibration), bad: scores(heldOut.bad, calibration) },
  };
}

function partOf(patches: Float32Array): Part {
  return { patches, rows: rowsOfPatches(patches) };
}

async function judge(model: PartModel, parts: readonly Part[]): Promise<Judged[]> {
  const scorer = await openScorer(model);
  try {
    const judged: Judged[] = [];
    for (const { patches } of parts) judged.push(await scorer.score(patches));
    return judged;
  } finally {
    await scorer.close();
  }
}

function scores(judged: readonly Judged[], { picture }: Calibration): number[] {
  return judged.map(({ evidence }) => {
    return unitOf(
      picture.weights.reduce((sum, weight, i) => sum + weight * (evidence[i] ?? 0), picture.bias),
    );
  });
}

/** The share of each inner patch that a mask `[256, 256]` covers. */
function sharesOf(mask: Float32Array = new Float32Array(side * side)): Float32Array {
  const size = side / cells;
  return Float32Array.from({ length: innerPatches }, (_, inner) => {
    const cell = cellOf(inner);
    const start = Math.floor(cell / cells) * size * side + (cell % cells) * size;
    let covered = 0;
    for (let y = 0; y < size; y++)
      for (let x = 0; x < size; x++) if ((mask[start + y * side + x] ?? 0) > 0.4) covered++;
    return covered / (size * size);
  });
}
