import type { Value } from '../nhwc-builder.ts';
import type { Call } from './call.ts';
import { integerOf, typeOf } from './graph-def.ts';
import { section } from './strided-slice.ts';

/*
 * Nets compute with shapes: they take the height out of one, double it, and resize to that. The sizes have to
 * be known here, so integers in vectors are computed at once.
 */

/** Numbers of no or one dimension. */
interface Vector {
  readonly dims: readonly number[];
  readonly data: readonly number[];
}

const maxElements = 4096;

type Fold = (vectors: readonly Vector[], call: Call) => Vector | undefined;

const binary =
  (compute: (a: number, b: number) => number): Fold =>
  ([a, b]) => {
    if (a === undefined || b === undefined) return undefined;
    const [dims] = [a.dims, b.dims].sort((left, right) => right.length - left.length);
    const length = Math.max(a.data.length, b.data.length);
    if (![a, b].every(({ data }) => data.length === 1 || data.length === length)) return undefined;
    const at = (vector: Vector, i: number) => vector.data[vector.data.length === 1 ? 0 : i] ?? 0;
    return { dims: dims ?? [], data: Array.from({ length }, (_, i) => compute(at(a, i), at(b, i))) };
  };

const joined = (vectors: readonly Vector[]): Vector => {
  const data = vectors.flatMap((each) => each.data);
  return { dims: [data.length], data };
};

const sliced: Fold = ([value, begin, end, strides], { node }) => {
  if (value?.dims.length !== 1 || !begin || !end || !strides) return undefined;
  const { starts, ends, steps, sizes } = section(value.dims, {
    begin: begin.data,
    end: end.data,
    strides: strides.data,
    masks: {
      begin: integerOf(node, 'begin_mask', 0),
      end: integerOf(node, 'end_mask', 0),
      ellipsis: integerOf(node, 'ellipsis_mask', 0),
      newAxis: integerOf(node, 'new_axis_mask', 0),
      shrink: integerOf(node, 'shrink_axis_mask', 0),
    },
  });
  const [start = 0, stop = 0, step = 1] = [starts[0], ends[0], steps[0]];
  const count = Math.max(0, Math.ceil((stop - start) / step));
  const data = Array.from({ length: count }, (_, i) => value.data[start + i * step] ?? 0);
  return sizes.length <= 1 ? { dims: sizes, data } : undefined;
};

const folds: Readonly<Record<string, Fold>> = {
  Add: binary((a, b) => a + b),
  AddV2: binary((a, b) => a + b),
  Cast: ([value], { node }) => (typeOf(node, 'DstT') === 'int32' ? value : undefined),
  ConcatV2: (vectors) => joined(vectors.slice(0, -1)),
  Div: binary((a, b) => Math.floor(a / b)),
  FloorDiv: binary((a, b) => Math.floor(a / b)),
  FloorMod: binary((a, b) => a - Math.floor(a / b) * b),
  GatherV2: ([value, indices]) =>
    value?.dims.length === 1 && indices
      ? { dims: indices.dims, data: indices.data.map((index) => value.data[index] ?? 0) }
      : undefined,
  Maximum: binary(Math.max),
  Minimum: binary(Math.min),
  Mul: binary((a, b) => a * b),
  Pack: (vectors) => (vectors.every(({ dims }) => dims.length === 0) ? joined(vectors) : undefined),
  Prod: ([value]) => value && { dims: [], data: [value.data.reduce((product, each) => product * each, 1)] },
  StridedSlice: sliced,
  Sub: binary((a, b) => a - b),
};

/** The result of the node, if it follows from constant integers in vectors. */
export function folded(call: Call): Value | undefined {
  const { op } = call.node;
  const fold = Object.hasOwn(folds, op) ? folds[op] : undefined;
  const vectors = call.inputs.map(vectorOf).filter((vector) => vector !== undefined);
  if (fold === undefined || vectors.length === 0 || vectors.length < call.inputs.length) return undefined;
  const result = fold(vectors, call);
  if (result === undefined || result.data.length > maxElements) return undefined;
  return call.builder.constant({ type: 'int32', dims: result.dims, data: Int32Array.from(result.data) });
}

function vectorOf({ tensor, shape }: Value): Vector | undefined {
  if (tensor?.type !== 'int32' || shape.length > 1 || tensor.data.length > maxElements) return undefined;
  return { dims: tensor.dims, data: [...tensor.data] };
}
