import { readMasks } from '../../src/training/defect/read-parts.ts';
import type { Tile } from '../tiles.ts';

/** Whether most of each cell of the heatmap is bad. */
export async function cellsOf(tiles: readonly Tile[]): Promise<boolean[]> {
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
