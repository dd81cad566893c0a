import type { Random } from '../random.ts';

/** Pixels a side of a close-up, and of the part that it is taken of. */
export const closeupSide = 128;
export const partSide = 256;

/** Of a point that is to be seen, at most so many pixels from the middle of the close-up. */
const offCentre = 36;
/** Natural logarithm of the greatest zoom, and radians. */
const [mostZoom, mostTurn] = [0.2, 0.1];

/** Where on a part the pixel (column, row) of a close-up lies: `x + xx * column + xy * row`, and so on. */
export interface View {
  readonly x: number;
  readonly y: number;
  readonly xx: number;
  readonly xy: number;
  readonly yx: number;
  readonly yy: number;
}

/** A view with this point of the part in it: mirrored, a little turned, nearer or farther, moved onto the part. */
export function viewOf(pointX: number, pointY: number, random: Random): View {
  const zoom = Math.exp((random() * 2 - 1) * mostZoom);
  const turn = (random() * 2 - 1) * mostTurn;
  const [mirrorX, mirrorY] = [random() < 0.5 ? -zoom : zoom, random() < 0.5 ? -zoom : zoom];
  const [xx, xy] = [mirrorX * Math.cos(turn), -mirrorY * Math.sin(turn)];
  const [yx, yy] = [mirrorX * Math.sin(turn), mirrorY * Math.cos(turn)];
  const half = (closeupSide / 2) * zoom;
  const middle = (point: number) =>
    Math.min(partSide - half, Math.max(half, point + (random() * 2 - 1) * offCentre * zoom));
  const x = middle(pointX) - ((xx + xy) * closeupSide) / 2;
  const y = middle(pointY) - ((yx + yy) * closeupSide) / 2;
  return { x, y, xx, xy, yx, yy };
}

/** What is seen of `values` `[256, 256]`, between pixels as between straight lines; past the edge, the edge. */
export function look(values: Uint8Array, { x, y, xx, xy, yx, yy }: View, out: Float32Array): void {
  const last = partSide - 1;
  for (let row = 0, i = 0; row < closeupSide; row++) {
    for (let column = 0; column < closeupSide; column++, i++) {
      const u = Math.min(last, Math.max(0, x + xx * (column + 0.5) + xy * (row + 0.5) - 0.5));
      const v = Math.min(last, Math.max(0, y + yx * (column + 0.5) + yy * (row + 0.5) - 0.5));
      const left = Math.min(last - 1, Math.floor(u));
      const top = Math.min(last - 1, Math.floor(v));
      const at = top * partSide + left;
      const [a = 0, b = 0, c = 0, d = 0] = [
        values[at],
        values[at + 1],
        values[at + partSide],
        values[at + partSide + 1],
      ];
      const above = a + (b - a) * (u - left);
      const below = c + (d - c) * (u - left);
      out[i] = above + (below - above) * (v - top);
    }
  }
}

/** Whether this point of a close-up, in its pixels, lies where the part ends. */
export function isPartEdge({ x, y, xx, xy, yx, yy }: View, column: number, row: number): boolean {
  const [u, v] = [x + xx * column + xy * row, y + yx * column + yy * row];
  const near = 2;
  return Math.min(u, v, partSide - u, partSide - v) < near;
}
