import { intAttribute } from '../graph.ts';
import { elements } from '../tensor.ts';
import {
  type Info,
  infoOfTensor,
  input,
  knownInts,
  misfit,
  positiveAxis,
  type Rule,
  type Site,
} from './info.ts';
import { broadcast, isKnown, type Size } from './size.ts';

/** Matrix products, reductions and what makes tensors out of shapes. */
export const products: Readonly<Record<string, Rule>> = {
  MatMul: (site) => ({
    type: input(site, 0).type,
    shape: matMul(site, input(site, 0).shape, input(site, 1).shape),
  }),
  MatMulInteger: (site) => ({
    type: 'int32',
    shape: matMul(site, input(site, 0).shape, input(site, 1).shape),
  }),
  QLinearMatMul: (site) => ({
    type: input(site, 7).type,
    shape: matMul(site, input(site, 0).shape, input(site, 3).shape),
  }),
  Gemm: (site) => {
    const [a, b] = [input(site, 0), input(site, 1)];
    const rows = a.shape?.[intAttribute(site.node, 'transA', 0) === 0 ? 0 : 1] ?? null;
    const columns = b.shape?.[intAttribute(site.node, 'transB', 0) === 0 ? 1 : 0] ?? null;
    return { type: a.type, shape: [rows, columns] };
  },
  ArgMax: (site) => ({ ...reduced(site, [intAttribute(site.node, 'axis', 0)]), type: 'int64' }),
  ArgMin: (site) => ({ ...reduced(site, [intAttribute(site.node, 'axis', 0)]), type: 'int64' }),
  ...Object.fromEntries(
    ['L1', 'L2', 'LogSum', 'LogSumExp', 'Max', 'Mean', 'Min', 'Prod', 'Sum', 'SumSquare'].map((name) => [
      `Reduce${name}`,
      reduce,
    ]),
  ),
  TopK: topK,
  Constant: (site) => {
    const { value } = site.node.attributes;
    return value !== undefined && 'tensor' in value ? infoOfTensor(value.tensor) : {};
  },
  Shape: (site) => {
    const { shape } = input(site, 0);
    if (shape === undefined) return { type: 'int64', shape: [null] };
    const end = intAttribute(site.node, 'end', shape.length);
    const part = shape.slice(intAttribute(site.node, 'start', 0), end);
    return { type: 'int64', shape: [part.length], value: part };
  },
  Size: (site) => {
    const { shape } = input(site, 0);
    return { type: 'int64', shape: [], ...(isKnown(shape) && { value: [elements(shape)] }) };
  },
  ConstantOfShape: (site) => {
    const { value } = site.node.attributes;
    const type = value !== undefined && 'tensor' in value ? value.tensor.type : 'float32';
    const fill = value !== undefined && 'tensor' in value ? Number(value.tensor.data[0] ?? 0) : 0;
    const shape = input(site, 0).value;
    const [length] = shape ?? [];
    const short = shape?.length === 1 && typeof length === 'number' && length <= 64;
    return { type, shape, ...(short && { value: new Array<Size>(length).fill(fill) }) };
  },
  Range: (site) => {
    const [start, limit, step] = [knownInts(site, 0)?.[0], knownInts(site, 1)?.[0], knownInts(site, 2)?.[0]];
    const { type } = input(site, 0);
    if (start === undefined || limit === undefined || !step) return { type, shape: [null] };
    return { type, shape: [Math.max(0, Math.ceil((limit - start) / step))] };
  },
  OneHot: (site) => ({ type: input(site, 2).type }),
  NonZero: () => ({ type: 'int64' }),
};

function matMul(
  site: Site,
  a: readonly Size[] | undefined,
  b: readonly Size[] | undefined,
): readonly Size[] | undefined {
  if (a === undefined || b === undefined || a.length === 0 || b.length === 0) return undefined;
  const inner = a.at(-1);
  const other = b.at(b.length === 1 ? 0 : -2);
  if (typeof inner === 'number' && typeof other === 'number' && inner !== other) {
    throw misfit(site.node, `${inner} rows of the second matrix`, `${other}`);
  }
  const outer = broadcast(a.slice(0, -2), b.slice(0, -2));
  if (outer === undefined) throw misfit(site.node, 'shapes that broadcast', `[${a}] and [${b}]`);
  const rows = a.length === 1 ? [] : a.slice(-2, -1);
  return [...outer, ...rows, ...(b.length === 1 ? [] : b.slice(-1))];
}

function reduce(site: Site): Info {
  const { type, shape } = input(site, 0);
  const given = knownInts(site, 1, 'axes');
  if (given === undefined && site.node.inputs[1]) return { type };
  if (given?.length === 0 || given === undefined) {
    const nothing = intAttribute(site.node, 'noop_with_empty_axes', 0) !== 0;
    return nothing ? { type, shape } : reduced(site, shape?.map((_, axis) => axis) ?? []);
  }
  return reduced(site, given);
}

function reduced(site: Site, axes: readonly number[]): Info {
  const { type, shape } = input(site, 0);
  if (shape === undefined) return { type };
  const gone = new Set(axes.map((axis) => positiveAxis(site.node, axis, shape.length)));
  const kept = intAttribute(site.node, 'keepdims', 1) !== 0;
  const next = shape.map((size, axis) => (gone.has(axis) ? 1 : size));
  return { type, shape: kept ? next : shape.filter((_, axis) => !gone.has(axis)) };
}

function topK(site: Site): Info[] {
  const { type, shape } = input(site, 0);
  if (shape === undefined) return [{ type }, { type: 'int64' }];
  const axis = positiveAxis(site.node, intAttribute(site.node, 'axis', -1), shape.length);
  const next = shape.with(axis, knownInts(site, 1)?.[0] ?? null);
  return [
    { type, shape: next },
    { type: 'int64', shape: next },
  ];
}
