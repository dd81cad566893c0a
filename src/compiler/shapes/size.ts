/**
 * One dimension: a number, a product with names of free sizes (`'N'`, `'24*N'`), or `null` where nothing is
 * known. In a product with the batch, the batch is the outer factor: `'24*N'` is N times 24 rows.
 */
export type Size = number | string | null;

interface Product {
  readonly factor: number;
  readonly names: readonly string[];
}

function parse(size: number | string): Product {
  if (typeof size === 'number') return { factor: size, names: [] };
  const [first = '', ...rest] = size.split('*');
  return /^\d+$/.test(first) ? { factor: Number(first), names: rest } : { factor: 1, names: size.split('*') };
}

function print({ factor, names }: Product): Size {
  if (factor === 0) return 0;
  if (names.length === 0) return factor;
  const sorted = names.toSorted();
  return factor === 1 ? sorted.join('*') : [factor, ...sorted].join('*');
}

export function multiply(a: Size, b: Size): Size {
  if (a === 0 || b === 0) return 0;
  if (a === null || b === null) return null;
  const left = parse(a);
  const right = parse(b);
  return print({ factor: left.factor * right.factor, names: [...left.names, ...right.names] });
}

/** `a / b` where it is whole, else `null`. */
export function divide(a: Size, b: Size): Size {
  if (a === null || b === null || b === 0) return null;
  const over = parse(a);
  const under = parse(b);
  const names = [...over.names];
  for (const name of under.names) {
    const at = names.indexOf(name);
    if (at < 0) return null;
    names.splice(at, 1);
  }
  const factor = over.factor / under.factor;
  return Number.isInteger(factor) ? print({ factor, names }) : null;
}

export function product(sizes: readonly Size[]): Size {
  return sizes.reduce<Size>(multiply, 1);
}

/** What a dimension is after broadcasting, or `undefined` if the two cannot be broadcast. */
function broadcastSize(a: Size, b: Size): Size | undefined {
  if (a === b) return a;
  if (a === 1) return b;
  if (b === 1) return a;
  if (typeof a === 'number' && typeof b === 'number') return undefined;
  // A free size beside a number other than 1 can only be that number (or 1, which gives the same).
  if (typeof a === 'number') return a;
  return typeof b === 'number' ? b : null;
}

/** The shape of `a op b` by the rules of numpy, or `undefined` if there is none. */
export function broadcast(a: readonly Size[], b: readonly Size[]): readonly Size[] | undefined {
  const rank = Math.max(a.length, b.length);
  const shape: Size[] = [];
  for (let i = 0; i < rank; i++) {
    const left = a[a.length - rank + i];
    const right = b[b.length - rank + i];
    const size = broadcastSize(left === undefined ? 1 : left, right === undefined ? 1 : right);
    if (size === undefined) return undefined;
    shape.push(size);
  }
  return shape;
}

/** Whether every size is a number. */
export function isKnown(shape: readonly Size[] | undefined): shape is readonly number[] {
  return shape?.every((size) => typeof size === 'number') ?? false;
}
