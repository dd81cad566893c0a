/**
 * Defects of magnetic tiles, in folds that keep every tile together: one-class fits with all and with 30 good
 * pictures, and with masks of defects. Everything is judged by the graph that a bundle would hold.
 */
import { atLeast, atMost, type Benchmark, type Goal, median, rounded } from '../bench/report.ts';
import { openSession } from '../src/compiler/runtime.ts';
import { fitParts } from '../src/training/defect/fit.ts';
import { readMasks, readParts } from '../src/training/defect/read-parts.ts';
import { type Pictures, pictureAt } from '../src/training/pictures.ts';
import { foldsOf, readTiles, type Tile, tilesMissing } from './tiles.ts';

const folds = 5;
const few = 30;
const heatmapCells = 32 * 32;
type Way = 'supervised' | 'allGood' | 'thirtyGood';
const wanted: Readonly<Record<Way, number>> = { supervised: 0.93, allGood: 0.88, thirtyGood: 0.82 };

const evaluation: Benchmark = async (say) => {
  if (tilesMissing) throw new Error('Expected ../shared/data/magnetic-tile for eval defect but found none');
  const tiles = (await readTiles()).toSorted((a, b) => Number(a.group) - Number(b.group));
  const foldOf = foldsOf(tiles, folds);
  const areas: Record<Way, number[]> = { supervised: [], allGood: [], thirtyGood: [] };
  const pixels: Record<Way, number[]> = { supervised: [], allGood: [], thirtyGood: [] };
  const fitSeconds: number[] = [];
  const runMs: number[] = [];
  // Fewer folds say roughly what all would, while somebody works on it.
  const count = Math.min(folds, Number(process.env.EVAL_FOLDS) || folds);
  for (let fold = 0; fold < count; fold++) {
    const training = tiles.filter((_, i) => foldOf[i] !== fold);
    const test = tiles.filter((_, i) => foldOf[i] === fold);
    const good = training.filter(({ isBad }) => !isBad);
    const bad = training.filter(({ isBad, mask }) => isBad && mask);
    const thirty = Array.from({ length: few }, (_, i) => good[Math.floor((i * good.length) / few)]).flatMap(
      (tile) => tile ?? [],
    );
    const pictures = await partsOf(test);
    const truth = await cellsOf(test);
    for (const way of ['thirtyGood', 'allGood', 'supervised'] as const) {
      const started = performance.now();
      const { graph } = await fitParts({
        good: await partsOf(way === 'thirtyGood' ? thirty : good),
        ...(way === 'supervised' && {
          bad: await partsOf(bad),
          masks: await readMasks(bad.map(({ mask = '' }) => mask)),
        }),
        seed: 1,
      });
      if (way === 'thirtyGood') fitSeconds.push((performance.now() - started) / 1000);
      const { scores, heat, ms } = await judged(graph, pictures);
      runMs.push(...ms);
      areas[way].push(
        auroc(
          scores,
          test.map(({ isBad }) => isBad),
        ),
      );
      pixels[way].push(auroc(heat, truth));
      say(
        `fold ${fold + 1}, ${way}: image AUROC ${areas[way].at(-1)?.toFixed(3)}, pixel ${pixels[way].at(-1)?.toFixed(3)}`,
      );
    }
  }
  const goals: Goal[] = [
    ...(Object.keys(wanted) as Way[]).map((way) =>
      atLeast(`image AUROC, ${way}`, '', wanted[way], mean(areas[way])),
    ),
    atLeast('pixel AUROC of the heatmap, supervised', '', 0.9, mean(pixels.supervised)),
    atMost('fit with 30 pictures', 's', 60, median(fitSeconds)),
    atMost('one part, p50 of the graph', 'ms', 25, median(runMs)),
  ];
  const figures = {
    folds: count,
    pictures: tiles.length,
    pixelAuroc: Object.fromEntries(Object.entries(pixels).map(([way, each]) => [way, rounded(mean(each))])),
  };
  return { goals, figures };
};
export default evaluation;

function partsOf(tiles: readonly Tile[]): Promise<Pictures> {
  return readParts(tiles.map(({ file }) => file));
}

/** Whether most of each cell of the heatmap is bad. */
async function cellsOf(tiles: readonly Tile[]): Promise<boolean[]> {
  const cells: boolean[] = [];
  for (const { mask } of tiles) {
    const [drawn] = mask ? await readMasks([mask]) : [];
    for (let cell = 0; cell < heatmapCells; cell++) {
      let covered = 0;
      const start = Math.floor(cell / 32) * 8 * 256 + (cell % 32) * 8;
      for (let y = 0; y < 8; y++) for (let x = 0; x < 8; x++) covered += drawn?.[start + y * 256 + x] ?? 0;
      cells.push(covered > 32);
    }
  }
  return cells;
}

async function judged(graph: Uint8Array, pictures: Pictures) {
  const session = await openSession(graph, { threads: 1 });
  const scores: number[] = [];
  const heat: number[] = [];
  const ms: number[] = [];
  try {
    for (let i = 0; i < pictures.count; i++) {
      const dims = [1, pictures.height, pictures.width, 3];
      const started = performance.now();
      const { score, heatmap } = await session.run({
        image: { type: 'uint8', dims, data: pictureAt(pictures, i) },
      });
      ms.push(performance.now() - started);
      scores.push(Number(score?.data[0]));
      for (const value of heatmap?.data ?? []) heat.push(Number(value));
    }
  } finally {
    await session.close();
  }
  return { scores, heat, ms };
}

/** The share of pairs of a bad and a good one of which the bad one has the greater score (Mann and Whitney). */
function auroc(scores: readonly number[], isBad: readonly boolean[]): number {
  const order = Uint32Array.from(scores, (_, i) => i).sort((a, b) => (scores[a] ?? 0) - (scores[b] ?? 0));
  let ranks = 0;
  let bad = 0;
  for (let from = 0; from < order.length; ) {
    let to = from;
    while (to < order.length && scores[order[to] ?? 0] === scores[order[from] ?? 0]) to++;
    for (let i = from; i < to; i++) {
      if (!isBad[order[i] ?? 0]) continue;
      ranks += (from + to + 1) / 2;
      bad++;
    }
    from = to;
  }
  return (ranks - (bad * (bad + 1)) / 2) / (bad * (order.length - bad));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
