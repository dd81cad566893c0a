/**
 * Defects of magnetic tiles, in folds that keep every tile together: one-class fits with all and with 30 good
 * pictures, and with masks of defects. Everything is judged by the bundle, from the bytes of each file on.
 */
import { atLeast, atMost, type Benchmark, type Goal, median, rounded } from '../bench/report.ts';
import { type FittedParts, fitParts, fitSeenParts } from '../src/training/defect/fit.ts';
import { withMarks } from '../src/training/defect/fit-marked.ts';
import { type JudgedPart, openPartViewer, type SeenPart } from '../src/training/defect/part-viewer.ts';
import { readMasks, readParts } from '../src/training/defect/read-parts.ts';
import { auroc, mean } from './defect/areas.ts';
import { cellsOf } from './defect/cells.ts';
import { judged } from './defect/judged.ts';
import { areasByKind, meansByKind } from './defect/kinds.ts';
import { foldsOf, readTiles, type Tile, tilesMissing } from './tiles.ts';

const folds = 5;
const few = 30;
const seed = 1;
const ways = ['thirtyGood', 'allGood', 'supervised'] as const;
type Way = (typeof ways)[number];
const wanted: Readonly<Record<Way, number>> = { supervised: 0.93, allGood: 0.88, thirtyGood: 0.82 };
const perWay = <Found>() => ({ supervised: [], allGood: [], thirtyGood: [] }) as Record<Way, Found[]>;

const evaluation: Benchmark = async (say) => {
  if (tilesMissing) throw new Error('Expected ../shared/data/magnetic-tile for eval defect but found none');
  const tiles = (await readTiles()).toSorted((a, b) => Number(a.group) - Number(b.group));
  const foldOf = foldsOf(tiles, folds);
  const found = {
    image: perWay<number>(),
    pixel: perWay<number>(),
    refused: perWay<number>(),
    caught: perWay<number>(),
    kinds: perWay<ReturnType<typeof areasByKind>>(),
  };
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
      const kinds = areasByKind(scores, test);
      found.kinds[way].push(kinds);
      for (const [kind, among] of Object.entries(kinds)) say(`  ${kind} ${among.toFixed(3)}`);
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
    /** Image AUROC of the bad parts of each kind among the good ones, mean of the folds that have such. */
    perKind: Object.fromEntries(tried.map((way) => [way, meansByKind(found.kinds[way])])),
    partCpuMs: rounded(median(cpuMs)),
  };
  return { goals, figures };
};
export default evaluation;

interface Looks {
  readonly good: ReadonlyMap<string, SeenPart>;
  readonly bad: ReadonlyMap<string, JudgedPart>;
}

/** By file: what is seen in a picture does not depend on the fold, so that five folds need one look. */
async function look(tiles: readonly Tile[], foldOf: readonly number[]): Promise<Looks> {
  const good = tiles.flatMap((tile, i) => (tile.isBad ? [] : { tile, fold: foldOf[i] ?? 0 }));
  const bad = tiles.filter((tile) => tile.isBad && tile.mask);
  const viewer = await openPartViewer({ seed });
  try {
    const seenGood = await viewer.lookAtGood(
      await partsOf(good.map(({ tile }) => tile)),
      (i) => good[i]?.fold ?? 0,
    );
    const seenBad = await viewer.lookAtBad(await partsOf(bad));
    return {
      good: new Map(seenGood.map((part, i) => [good[i]?.tile.file ?? '', part])),
      bad: new Map(seenBad.map((part, i) => [bad[i]?.file ?? '', part])),
    };
  } finally {
    await viewer.close();
  }
}

async function learned(way: Way, training: readonly Tile[], seen: Looks): Promise<FittedParts> {
  const good = training.filter(({ isBad }) => !isBad);
  if (way === 'thirtyGood') {
    // From the files on, as somebody does who has no more of them: this is what the goal for the time is about.
    const some = Array.from({ length: few }, (_, i) => good[Math.floor((i * good.length) / few)]);
    return fitParts({ good: await partsOf(some.flatMap((tile) => tile ?? [])), seed });
  }
  const bad = way === 'supervised' ? training.filter(({ isBad, mask }) => isBad && mask) : [];
  const partsSeen = <Part>(of: readonly Tile[], looks: ReadonlyMap<string, Part>) =>
    of.flatMap(({ file }) => looks.get(file) ?? []);
  const fitted = await fitSeenParts(
    { good: partsSeen(good, seen.good), bad: partsSeen(bad, seen.bad) },
    { seed },
  );
  if (way !== 'supervised') return fitted;
  const masks = await readMasks(bad.map(({ mask = '' }) => mask));
  return withMarks(fitted, { good: await partsOf(good), bad: await partsOf(bad), masks, seed });
}

function partsOf(tiles: readonly Tile[]) {
  return readParts(tiles.map(({ file }) => file));
}
