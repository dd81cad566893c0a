/** Left, top, right, bottom. */
type Box = readonly [number, number, number, number];

export interface Detection {
  readonly box: Box;
  readonly score: number;
  readonly label: number;
}

export type Outputs = Readonly<
  Record<string, { readonly dims: readonly number[]; readonly data: ArrayLike<number> }>
>;

const leastScore = 0.3;
/** Boxes that overlap by more are of one thing. */
const sameThing = 0.4;
const most = 20;

/** Of the output `[1, 100, 6]`: a box in pixels, its score and its class. */
export function centernetDetections(outputs: Outputs): Detection[] {
  const { data, dims } = outputOf(outputs, (sizes) => sizes.at(-1) === 6);
  const number = (i: number) => data[i] ?? 0;
  const all = Array.from({ length: dims[1] ?? 0 }, (_, row): Detection => {
    const at = row * 6;
    const box = [number(at), number(at + 1), number(at + 2), number(at + 3)] as const;
    return { box, score: number(at + 4), label: number(at + 5) };
  });
  return suppressed(all);
}

/** Grids of the net for 256 × 256: cells a side, and boxes a cell. */
const grids = [
  { cells: 16, boxes: 2 },
  { cells: 8, boxes: 6 },
] as const;
const size = 256;

/** Of scores `[1, n, 1]` before the sigmoid and boxes `[1, n, 16]` around the middles of their cells, in pixels. */
export function blazefaceDetections(outputs: Outputs): Detection[] {
  const all = grids.flatMap(({ cells, boxes }) => {
    const count = cells * cells * boxes;
    const of = (width: number) => outputOf(outputs, (dims) => dims[1] === count && dims[2] === width).data;
    const [scores, places] = [of(1), of(16)];
    return Array.from({ length: count }, (_, i): Detection => {
      const cell = Math.floor(i / boxes);
      const middle = (index: number) => ((index + 0.5) * size) / cells;
      const number = (k: number) => places[i * 16 + k] ?? 0;
      const [x, y] = [middle(cell % cells) + number(0), middle(Math.floor(cell / cells)) + number(1)];
      const [dx, dy] = [number(2) / 2, number(3) / 2];
      const score = 1 / (1 + Math.exp(-(scores[i] ?? 0)));
      return { box: [x - dx, y - dy, x + dx, y + dy], score, label: 0 };
    });
  });
  return suppressed(all);
}

/** Intersection over union. */
export function overlap(a: Box, b: Box): number {
  const width = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
  const height = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
  const both = Math.max(0, width) * Math.max(0, height);
  const area = ([left, top, right, bottom]: Box) => (right - left) * (bottom - top);
  return both / (area(a) + area(b) - both);
}

/** The best of those that overlap. */
function suppressed(all: readonly Detection[]): Detection[] {
  const kept: Detection[] = [];
  const sorted = all.filter(({ score }) => score >= leastScore).toSorted((a, b) => b.score - a.score);
  for (const each of sorted) {
    if (kept.length === most) break;
    if (kept.every(({ box }) => overlap(box, each.box) <= sameThing)) kept.push(each);
  }
  return kept;
}

function outputOf(outputs: Outputs, fits: (dims: readonly number[]) => boolean) {
  const found = Object.values(outputs).find(({ dims }) => fits(dims));
  if (found === undefined) throw new TypeError(`Expected another output than ${Object.keys(outputs)}`);
  return found;
}
