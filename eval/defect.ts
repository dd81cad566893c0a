/**
 * Defects of magnetic tiles, in folds that keep every tile together: one-class fits with all and with 30 good
 * pictures, and with masks of defects. Everything is judged by the bundle, from the bytes of each file on.
 */
import { atLeast, atMost, type Benchmark, type Goal, median, rounded } from '../bench/report.ts';
import { type FittedParts, fitParts, fitSeenParts } from '../src/training/defect/fit.ts';
import { withSpots } from '../src/training/defect/fit-marked.ts';
import { openPartViewer, type SeenPart } from '../src/training/defect/part-viewer.ts';
import { readMasks, readParts } from '../src/training/defect/read-parts.ts';
import { auroc, mean } from './defect/areas.ts';
import { judged } from './defect/judged.ts';
import { foldsOf, readTiles, type Tile, tilesMissing } from './tiles.ts';

const folds = 5;
const few = 30;
const seed = 1;
const ways = ['thirtyGood', 'allGood', 'supervised'] as const;
type Way = (typeof ways)[number];
const wanted: Readonly<Record<Way, number>> = { supervised: 0.93, allGood: 0.88, thirtyGood: 0.82 };
const perWay = () => ({ supervised: [], allGood: [], thirtyGood: [] }) as Record<Way, number[]>;

const evaluation: Benchmark = async (say) => {
  if (tilesMissing) throw new Error('Expected ../shared/data/magnetic-tile for eval defect but found none');
  const tiles = (await readTiles()).toSorted((a, b) => Number(a.group) - Number(b.group));
  const foldOf = foldsOf(tiles, folds);
  const found = { image: perWay(), pixel: perWay(), refused: perWay(), caught: perWay() };
  const ms: number[] = [];
  const cpuMs: number[] = [];
  const fitSeconds: number[] = [];
  // Fewer folds or ways say roughly what all would, while somebody works on it.
  const count = Math.min(folds, Number(process.env.EVAL_FOLDS) || folds);
  const tried = ways.filter((way) => (process.env.EVAL_WAYS ?? ways.join()).split(',').includes(way));
  say(`looking at ${tiles.length} pictures`);
  const seen = await look(tiles, foldOf);
  for (let fold = 0; fold < count; fold++) {
    const training = tiles.filter((_, i) => foldOf[i] !== fold);
    const test = tiles.filter((_, i) => foldOf[i] === fold);
    const isBad = test.map((tile) => tile.isBad);
    const truth = await cellsOf(test);
    for (const way of tried) {
      const started = performance.now();
      const fitted = await learned(way, training, seen);
      if (way === 'thirtyGood') fitSeconds.push((performance.now() - started) / 1000);
      const { scores, heat, ...times } = await judged(
        fitted,
        test.map(({ file }) => file),
      );
      ms.push(...times.ms);
      cpuMs.push(...times.cpuMs);
      const area = auroc(scores, isBad);
      const pixel = auroc(heat, truth);
      found.image[way].push(area);
      found.pixel[way].push(pixel);
      found.refused[way].push(mean(scores.filter((_, i) => !isBad[i]).map((score) => Number(score >= 0.5))));
      found.caught[way].push(mean(scores.filter((_, i) => isBad[i]).map((score) => Number(score >= 0.5))));
      say(`fold ${fold + 1}, ${way}: image AUROC ${area.toFixed(3)}, pixel ${pixel.toFixed(3)}`);
    }
  }
  const goals: Goal[] = [
    ...tried.map((way) => atLeast(`image AUROC, ${way}`, '', wanted[way], mean(found.image[way]))),
    ...tried.map((way) => atLeast(`pixel AUROC of the heatmap, ${way}`, '', 0.9, mean(found.pixel[way]))),
    ...(fitSeconds.length > 0 ? [atMost('fit with 30 pictures', 's', 60, median(fitSeconds))] : []),
    atMost('one part from JPEG to score, p50', 'ms', 25, median(ms)),
  ];
  const means = (each: Record<Way, number[]>) =>
    Object.fromEntries(tried.map((way) => [way, rounded(mean(each[way]))]));
  const figures = {
    folds: count,
    pictures: tiles.length,
    perFold: found.image,
    /** At a score of 0.5: shares of the good parts and of the bad ones. */
    refusedGood: means(found.refused),
    foundBad: means(found.caught),
    partCpuMs: rounded(median(cpuMs)),
  };
  return { goals, figures };
};
export default evaluation;

/** By file: what is seen in a picture does not depend on the fold, so that five folds need one look. */
async function look(tiles: readonly Tile[], foldOf: readonly number[]): Promise<Map<string, SeenPart>> {
  const good = tiles.flatMap((tile, i) => (tile.isBad ? [] : { tile, fold: foldOf[i] ?? 0 }));
  const bad = tiles.filter((tile) => tile.isBad && tile.mask);
  const viewer = await openPartViewer({ seed });
  try {
    const seenGood = await viewer.lookAtGood(
      await partsOf(good.map(({ tile }) => tile)),
      (i) => good[i]?.fold ?? 0,
    );
    const masks = await readMasks(bad.map(({ mask = '' }) => mask));
    const seenBad = await viewer.lookAtBad(await partsOf(bad), masks);
    const files = [...good.map(({ tile }) => tile.file), ...bad.map(({ file }) => file)];
    return new Map([...seenGood, ...seenBad].map((part, i) => [files[i] ?? '', part]));
  } finally {
    await viewer.close();
  }
}

async function learned(
  way: Way,
  training: readonly Tile[],
  seen: Map<string, SeenPart>,
): Promise<FittedParts> {
  const good = training.filter(({ isBad }) => !isBad);
  if (way === 'thirtyGood') {
    // From the files on, as somebody does who has no more of them: this is what the goal for the time is about.
    const some = Array.from({ length: few }, (_, i) => good[Math.floor((i * good.length) / few)]);
    return fitParts({ good: await partsOf(some.flatMap((tile) => tile ?? [])), seed });
  }
  const bad = way === 'supervised' ? training.filter(({ isBad, mask }) => isBad && mask) : [];
  const partsSeen = (of: readonly Tile[]) => of.flatMap(({ file }) => seen.get(file) ?? []);
  const fitted = await fitSeenParts({ good: partsSeen(good), bad: partsSeen(bad) }, { seed });
  if (way !== 'supervised') return fitted;
  const masks = await readMasks(bad.map(({ mask = '' }) => mask));
  return withSpots(fitted, { good: await partsOf(good), bad: await partsOf(bad), masks, seed });
}

function partsOf(tiles: readonly Tile[]) {
  return readParts(tiles.map(({ file }) => file));
}

/** Whether most of each cell of the heatmap is bad. */
async function cellsOf(tiles: readonly Tile[]): Promise<boolean[]> {
  const cells: boolean[] = [];
  for (const { mask } of tiles) {
    const [drawn] = mask ? await readMasks([mask]) : [];
    for (let cell = 0; cell < 32 * 32; cell++) {
      let covered = 0;
      const start = Math.floor(cell / 32) * 8 * 256 + (cell % 32) * 8;
      for (let y = 0; y < 8; y++) for (let x = 0; x < 8; x++) covered += drawn?.[start + y * 256 + x] ?? 0;
      cells.push(covered > 32);
    }
  }
  return cells;
}
