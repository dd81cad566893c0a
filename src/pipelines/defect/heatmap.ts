import type { Box } from '../../image.ts';
import { contains, type Polygon } from '../scene/polygon.ts';

/** Numbers in [0, 1] row by row, 0.5 and more is a defect; it covers the whole of what was judged. */
export interface Heatmap {
  readonly width: number;
  readonly height: number;
  readonly data: Float32Array;
}

/** One defect; box and area in shares of what was judged. */
export interface Region {
  readonly box: Box;
  readonly area: number;
  /** The greatest number in it. */
  readonly score: number;
  readonly label?: string;
}

/** Whether a place counts: inside an area, where there are any, and in no mask. */
export function counts(x: number, y: number, areas: readonly Polygon[], masks: readonly Polygon[]): boolean {
  const within = (polygon: Polygon) => contains(polygon, { x, y });
  return (areas.length === 0 || areas.some(within)) && !masks.some(within);
}

/** The heatmap with 0 where nothing counts; a cell counts by its middle. */
export function masked(
  { width, height, data }: Heatmap,
  areas: readonly Polygon[],
  masks: readonly Polygon[],
): Heatmap {
  if (areas.length + masks.length === 0) return { width, height, data };
  const kept = data.map((value, i) => {
    const [x, y] = [((i % width) + 0.5) / width, (Math.floor(i / width) + 0.5) / height];
    return counts(x, y, areas, masks) ? value : 0;
  });
  return { width, height, data: kept };
}

/** Cells of at least `threshold` that touch at a side make a region; the hottest comes first. */
export function regionsOf({ width, height, data }: Heatmap, threshold: number): Region[] {
  const seen = new Uint8Array(data.length);
  const regions: Region[] = [];
  for (let start = 0; start < data.length; start++) {
    if (seen[start] || !((data[start] ?? 0) >= threshold)) continue;
    seen[start] = 1;
    const stack = [start];
    let [left, right, top, bottom, cells, score] = [width, 0, height, 0, 0, 0];
    for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
      const [x, y] = [at % width, Math.floor(at / width)];
      cells++;
      score = Math.max(score, data[at] ?? 0);
      [left, right, top, bottom] = [
        Math.min(left, x),
        Math.max(right, x),
        Math.min(top, y),
        Math.max(bottom, y),
      ];
      const neighbours = [
        x > 0 && at - 1,
        x < width - 1 && at + 1,
        y > 0 && at - width,
        y < height - 1 && at + width,
      ];
      for (const next of neighbours) {
        if (next === false || seen[next] || !((data[next] ?? 0) >= threshold)) continue;
        seen[next] = 1;
        stack.push(next);
      }
    }
    const box = {
      x: left / width,
      y: top / height,
      width: (right - left + 1) / width,
      height: (bottom - top + 1) / height,
    };
    regions.push({ box, area: cells / data.length, score });
  }
  return regions.sort((a, b) => b.score - a.score);
}
