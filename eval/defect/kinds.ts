import type { Tile } from '../tiles.ts';
import { auroc, mean } from './areas.ts';

type Areas = Readonly<Record<string, number>>;

/** The image AUROC of the bad parts of each kind among all good ones. */
export function areasByKind(scores: readonly number[], tiles: readonly Tile[]): Areas {
  const kinds = new Set(tiles.filter(({ isBad }) => isBad).map(({ kind }) => kind));
  const areas = [...kinds].map((kind) => {
    const isMeant = (_: unknown, i: number) => !tiles[i]?.isBad || tiles[i]?.kind === kind;
    const isBad = tiles.map((tile) => tile.isBad);
    return [kind, auroc(scores.filter(isMeant), isBad.filter(isMeant))] as const;
  });
  return Object.fromEntries(areas);
}

/** Of each kind, the mean of the folds that have it. */
export function meansByKind(folds: readonly Areas[]): Areas {
  const kinds = new Set(folds.flatMap((areas) => Object.keys(areas)));
  return Object.fromEntries(
    [...kinds].map((kind) => [kind, mean(folds.flatMap((areas) => areas[kind] ?? []))]),
  );
}
