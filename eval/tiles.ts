/** The magnetic tiles of ../shared/data, in folds that keep every tile together. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface Tile {
  readonly file: string;
  readonly isBad: boolean;
  /** Only of bad ones: white where it is bad. */
  readonly mask: string | undefined;
  readonly kind: string;
  readonly group: string;
}

export const tilesFolder = new URL('../../shared/data/magnetic-tile/', import.meta.url).pathname;
export const tilesMissing = !existsSync(tilesFolder);

export async function readTiles(folder = tilesFolder): Promise<Tile[]> {
  const [, ...lines] = (await readFile(join(folder, 'labels.csv'), 'utf8')).trim().split('\n');
  return lines.map((line) => {
    const [file = '', label, kind = '', , , mask, group = ''] = line.split(',');
    return {
      file: join(folder, file),
      isBad: label !== 'ok',
      mask: mask ? join(folder, mask) : undefined,
      kind,
      group,
    };
  });
}

/** The fold of every tile, the groups dealt out largest first so that folds hold about as many good and bad ones. */
export function foldsOf(tiles: readonly Tile[], folds: number): number[] {
  const groups = new Map<string, Tile[]>();
  for (const tile of tiles) groups.set(tile.group, [...(groups.get(tile.group) ?? []), tile]);
  const all = {
    good: tiles.filter(({ isBad }) => !isBad).length,
    bad: tiles.filter(({ isBad }) => isBad).length,
  };
  const held = Array.from({ length: folds }, () => ({ good: 0, bad: 0 }));
  const foldOf = new Map<string, number>();
  for (const [group, members] of [...groups].toSorted(([, a], [, b]) => b.length - a.length)) {
    const bad = members.filter(({ isBad }) => isBad).length;
    const fullness = held.map(
      (fold) => (fold.good + members.length - bad) / all.good + (fold.bad + bad) / all.bad,
    );
    const fold = fullness.indexOf(Math.min(...fullness));
    foldOf.set(group, fold);
    const chosen = held[fold];
    if (chosen) {
      chosen.good += members.length - bad;
      chosen.bad += bad;
    }
  }
  return tiles.map(({ group }) => foldOf.get(group) ?? 0);
}
