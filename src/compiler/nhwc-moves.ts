import {
  BatchNotFree,
  inOneOrder,
  type Layout,
  type NhwcBuilder,
  permutations,
  type Size,
  type Value,
} from './nhwc-builder.ts';
import type { Parameters } from './quantization.ts';
import { elements, type Tensor } from './tensor.ts';
import { permuted } from './transpose.ts';

/*
 * Operators that move numbers or choose among them. Bytes go through as they are, with their meaning.
 * Sizes and axes are those of the source, channels last; a batch counts as 1.
 */

/** Axis `axis` of a value of `rank` dimensions, from 0; a negative one counts from the end. */
export function axisOf(axis: number, rank: number): number {
  const from0 = axis < 0 ? axis + rank : axis;
  if (from0 >= 0 && from0 < rank) return from0;
  throw new RangeError(`Expected an axis among ${rank} but received ${axis}`);
}

/** Where axis `axis` of the source lies in `layout`. */
export function axisIn(layout: Layout, axis: number, rank: number): number {
  return layout === 'nchw' && rank === 4 ? permutations.nchw.indexOf(axis) : axis;
}

/** The numbers of `shape`, with the batch as 1. */
export function sizesOf(shape: readonly Size[]): number[] {
  return shape.map((size) => (size === 'N' ? 1 : size));
}

/** The value in another shape; one size may be -1, "the rest". A free batch has to stay in front. */
export function reshape(builder: NhwcBuilder, value: Value, sizes: readonly number[]): Value {
  const total = elements(sizesOf(value.shape));
  const dims = resolved(sizes, total);
  const batched = value.shape[0] === 'N';
  if (batched && dims[0] !== 1) throw new BatchNotFree(`it is reshaped from [${value.shape}] to [${dims}]`);
  const shape: readonly Size[] = batched ? ['N', ...dims.slice(1)] : dims;
  if (value.tensor) return builder.constant({ ...value.tensor, dims }, value.quantization);
  if (sameShape(shape, value.shape)) return value;
  const from = value.shape.length === 4 && inOneOrder(value) ? builder.layoutOf([value]) : 'nhwc';
  const name = builder.graph.add('Reshape', [builder.in(from, value), builder.sizes(shape)]);
  return builder.value(name, { ...kept(value), shape });
}

function resolved(sizes: readonly number[], total: number): number[] {
  const known = elements(sizes.filter((size) => size !== -1));
  const dims = sizes.map((size) => (size === -1 ? total / known : size));
  if (elements(dims) === total && dims.every(Number.isInteger)) return dims;
  throw new RangeError(`Expected a shape of ${total} elements but received [${sizes}]`);
}

export function sameShape(a: readonly Size[], b: readonly Size[]): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}

/** What moving leaves as it is. */
export function kept({ type, quantization }: Value): Pick<Value, 'type' | 'quantization'> {
  return quantization ? { type, quantization } : { type };
}

/** Dimension `i` of the result is dimension `perm[i]` of the value. */
export function transpose(builder: NhwcBuilder, value: Value, perm: readonly number[]): Value {
  const shape = perm.map((axis) => value.shape[axis] ?? 1);
  if (shape.indexOf('N') > 0) throw new BatchNotFree('it is moved from the first place');
  if (value.tensor) return builder.constant(permuted(value.tensor, perm), value.quantization);
  const layout = builder.layoutOf([value]);
  const composed = perm.map((axis) => axisIn(layout, axis, perm.length));
  const source = builder.in(layout, value);
  const name = composed.every((from, to) => from === to)
    ? source
    : builder.graph.add('Transpose', [source], { attributes: { perm: { ints: composed } } });
  return builder.value(name, { ...kept(value), shape });
}

/** The values one after another along `axis`. Bytes stay bytes where all mean the same by them. */
export function concat(builder: NhwcBuilder, values: readonly Value[], axis: number): Value {
  const [first] = values;
  if (first === undefined) throw new RangeError('Expected values to join but received none');
  const at = axisOf(axis, first.shape.length);
  const sum = values.reduce((total, { shape }) => total + sizeOf(shape[at]), 0);
  const shape = first.shape.map((size, i) => (i === at ? sum : size));
  for (const other of values) {
    if (!sameShape(other.shape.with(at, sum), shape)) {
      throw new RangeError(
        `Expected shapes that differ in axis ${at} but received [${other.shape}], [${shape}]`,
      );
    }
  }
  const layout = builder.layoutOf(values);
  const alike = values.every(({ quantization }) => sameMeaning(quantization, first.quantization));
  const names = values.map((each) => (alike ? builder.in(layout, each) : builder.float(layout, each)));
  const attributes = { axis: { int: axisIn(layout, at, shape.length) } };
  const name = builder.graph.add('Concat', names, { attributes });
  return builder.value(name, { ...(alike ? kept(first) : { type: 'float32' }), shape, layout });
}

export function sizeOf(size: Size | undefined): number {
  if (typeof size === 'number') return size;
  throw new BatchNotFree('samples are joined or divided along it');
}

export function sameMeaning(a: Parameters | undefined, b: Parameters | undefined): boolean {
  return a?.scale === b?.scale && a?.zeroPoint === b?.zeroPoint;
}

/**
 * Along each axis the elements from `starts` before `ends`, each `steps`-th; with a negative step backwards,
 * `ends` of -1 then being before the first element.
 */
export function slice(
  builder: NhwcBuilder,
  value: Value,
  starts: readonly number[],
  ends: readonly number[],
  steps: readonly number[] = starts.map(() => 1),
): Value {
  const rank = value.shape.length;
  const cut = (axis: number) =>
    steps[axis] !== 1 || starts[axis] !== 0 || ends[axis] !== sizesOf(value.shape)[axis];
  const axes = Array.from({ length: rank }, (_, axis) => axis).filter(cut);
  if (axes.length === 0) return value;
  const shape = value.shape.map((size, axis) => {
    if (!cut(axis)) return size;
    sizeOf(size);
    return Math.max(0, Math.ceil(((ends[axis] ?? 0) - (starts[axis] ?? 0)) / (steps[axis] ?? 1)));
  });
  const layout = builder.layoutOf([value]);
  const numbers = (values: readonly number[]) =>
    integers(
      builder,
      axes.map((axis) => values[axis] ?? 0),
    );
  const name = builder.graph.add('Slice', [
    builder.in(layout, value),
    numbers(starts),
    // For ONNX -1 is the last element: "before the first" is anything below every index.
    numbers(ends.map((end) => (end < 0 ? -(2 ** 31) : end))),
    integers(
      builder,
      axes.map((axis) => axisIn(layout, axis, rank)),
    ),
    numbers(steps),
  ]);
  return builder.value(name, { ...kept(value), shape, layout });
}

/** The value in pieces of `sizes` along `axis`. */
export function split(builder: NhwcBuilder, value: Value, axis: number, sizes: readonly number[]): Value[] {
  const at = axisOf(axis, value.shape.length);
  const whole = sizesOf(value.shape);
  let start = 0;
  return sizes.map((size) => {
    const piece = slice(
      builder,
      value,
      whole.map((_, i) => (i === at ? start : 0)),
      whole.map((end, i) => (i === at ? start + size : end)),
    );
    start += size;
    return piece;
  });
}

/** `before` and `after` are counted in elements an axis. A constant defaults to what stands for zero. */
export function pad(
  builder: NhwcBuilder,
  value: Value,
  before: readonly number[],
  after: readonly number[],
  options: { readonly mode?: 'constant' | 'reflect'; readonly constant?: Tensor } = {},
): Value {
  const shape = value.shape.map((size, axis) => {
    const more = (before[axis] ?? 0) + (after[axis] ?? 0);
    return more === 0 ? size : sizeOf(size) + more;
  });
  if (sameShape(shape, value.shape)) return value;
  const layout = builder.layoutOf([value]);
  const inLayout = (counts: readonly number[]) =>
    layout === 'nchw' && counts.length === 4 ? permutations.nchw.map((axis) => counts[axis] ?? 0) : counts;
  const { mode = 'constant' } = options;
  const constant = mode === 'constant' ? (options.constant ?? zeroOf(value)) : undefined;
  const padded = builder.value(
    () => {
      const counts = integers(builder, [...inLayout(before), ...inLayout(after)]);
      const inputs = [builder.in(layout, value), counts];
      if (constant) inputs.push(builder.graph.constant('padding', constant));
      return builder.graph.add('Pad', inputs, { attributes: { mode: { string: mode } } });
    },
    { ...kept(value), shape, layout },
  );
  if (mode === 'constant' && options.constant === undefined) {
    builder.notePadding(padded, { picture: value, before, after });
  }
  return padded;
}

function zeroOf({ quantization }: Value): Tensor | undefined {
  if (quantization === undefined) return undefined;
  return { type: 'uint8', dims: [], data: Uint8Array.of(quantization.zeroPoint) };
}

export function integers(builder: NhwcBuilder, values: readonly number[]): string {
  const data = BigInt64Array.from(values, BigInt);
  return builder.graph.constant('ints', { type: 'int64', dims: [values.length], data });
}
