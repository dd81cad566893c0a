import type { Format } from '../../config/format.ts';
import type { Box, Point } from '../../image.ts';

/** Corners in parts of the picture, `[x, y]` each. */
export type Polygon = readonly (readonly [number, number])[];

/** Three corners or more, each `[x, y]` from 0 to 1. */
export const polygon: Format<Polygon> = {
  expected: 'a polygon: three or more corners [x, y], each number from 0 to 1',
  accepts: (value): value is Polygon =>
    Array.isArray(value) && value.length >= 3 && value.length <= 100 && value.every(isCorner),
  fromText: (value) => value,
};

function isCorner(value: unknown): boolean {
  return Array.isArray(value) && value.length === 2 && value.every((each) => each >= 0 && each <= 1);
}

/** By counting the sides that a ray to the right crosses. */
export function contains(corners: Polygon, { x, y }: Point): boolean {
  let inside = false;
  let [beforeX, beforeY] = corners.at(-1) ?? [0, 0];
  for (const [cornerX, cornerY] of corners) {
    const crosses = cornerY > y !== beforeY > y;
    if (crosses && x < ((beforeX - cornerX) * (y - cornerY)) / (beforeY - cornerY) + cornerX)
      inside = !inside;
    [beforeX, beforeY] = [cornerX, cornerY];
  }
  return inside;
}

/** Where something stands: the middle of the lower side of its box. */
export function footOf({ x, y, width, height }: Box): Point {
  return { x: x + width / 2, y: y + height };
}
