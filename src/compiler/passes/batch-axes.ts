import { intAttribute, type Node } from '../graph.ts';
import type { Infos } from '../shapes/infer.ts';
import { ints } from '../shapes/info.ts';

/** Of each value that holds a batch, the axis along which it lies. Values that are the same for all have none. */
export type BatchAxes = Map<string, number>;

/** Where the outputs of a node hold the batch (`undefined`: nowhere), or why the batch does not pass it. */
export type Passed = { readonly axis: number | undefined } | { readonly reason: string };

const mixes = { reason: 'it mixes the rows of the batch' };

/** Rules for a node whose first input holds the batch along `axis` of `rank` dimensions. */
type Rule = (site: {
  readonly node: Node;
  readonly axis: number;
  readonly rank: number;
  /** The numbers of another input, where they are known. */
  readonly constant: Lookup;
  /** Of the second input, where it is there. */
  readonly indicesRank: number | undefined;
}) => Passed;
type Lookup = (index: number) => readonly number[] | undefined;

const rowByRow: Rule = ({ axis }) => (axis === 0 ? { axis } : mixes);

const alongAxis =
  (fallback: number): Rule =>
  ({ node, axis, rank }) =>
    positive(intAttribute(node, 'axis', fallback), rank) === axis ? mixes : { axis };

const rules: Readonly<Record<string, Rule>> = {
  ...all(rowByRow, [
    ...['Conv', 'ConvTranspose', 'AveragePool', 'MaxPool', 'LpPool', 'GlobalAveragePool', 'GlobalMaxPool'],
    ...['BatchNormalization', 'InstanceNormalization', 'LRN', 'DepthToSpace', 'SpaceToDepth', 'GridSample'],
    ...['QLinearConv', 'MeanVarianceNormalization'],
  ]),
  ...all(alongAxis(-1), ['Softmax', 'LogSoftmax', 'Hardmax', 'TopK', 'LpNormalization']),
  ...all(alongAxis(0), ['Split', 'CumSum']),
  ...all(
    reduce,
    ['Max', 'Mean', 'Min', 'Prod', 'Sum', 'L1', 'L2', 'LogSum', 'LogSumExp', 'SumSquare'].map(
      (op) => `Reduce${op}`,
    ),
  ),
  ...all(argument, ['ArgMax', 'ArgMin']),
  LayerNormalization: ({ node, axis, rank }) =>
    positive(intAttribute(node, 'axis', -1), rank) <= axis ? mixes : { axis },
  // `Reshape` has its target by now.
  Reshape: () => ({ axis: undefined }),
  Flatten: ({ node, axis, rank }) => {
    const at = positive(intAttribute(node, 'axis', 1), rank + 1);
    return axis === 0 && at > 0 ? { axis: 0 } : mixes;
  },
  Transpose: ({ node, axis, rank }) => {
    const perm = ints(node, 'perm');
    return { axis: perm === undefined ? rank - 1 - axis : perm.indexOf(axis) };
  },
  Squeeze: ({ axis, rank, constant }) => {
    const axes = constant(1)?.map((each) => positive(each, rank));
    if (axes === undefined || axes.includes(axis)) return { reason: 'it may drop the axis of the batch' };
    return { axis: axis - axes.filter((each) => each < axis).length };
  },
  Unsqueeze: ({ axis, rank, constant }) => {
    const axes = constant(1);
    if (axes === undefined) return { reason: 'its axes are not known' };
    const added = new Set(axes.map((each) => positive(each, rank + axes.length)));
    const kept = Array.from({ length: rank + axes.length }, (_, at) => at).filter((at) => !added.has(at));
    return { axis: kept[axis] ?? -1 };
  },
  Slice: ({ axis, rank, constant }) => {
    const axes = constant(3) ?? constant(1)?.map((_, at) => at);
    return !axes || axes.some((each) => positive(each, rank) === axis) ? mixes : { axis };
  },
  Gather: ({ node, axis, rank, indicesRank }) => {
    const at = positive(intAttribute(node, 'axis', 0), rank);
    if (at === axis) return mixes;
    if (indicesRank === undefined) return { reason: 'its indices are not known' };
    return { axis: at < axis ? axis - 1 + indicesRank : axis };
  },
  Pad: ({ axis, rank, constant }) => {
    const pads = constant(1);
    return pads?.[axis] === 0 && pads[axis + rank] === 0 ? { axis } : mixes;
  },
  Resize: ({ axis, constant }) =>
    constant(2)?.[axis] === 1 ? { axis } : { reason: 'its scale of the batch is not 1' },
  Expand: ({ axis, rank, constant }) => {
    const target = constant(1);
    if (target === undefined) return { reason: 'its shape is not known' };
    const at = target.length - rank + axis;
    return (target[at] ?? 1) === 1 ? { axis: Math.max(axis, at) } : mixes;
  },
  Tile: ({ axis, constant }) => (constant(1)?.[axis] === 1 ? { axis } : mixes),
  QuantizeLinear: ({ axis }) => ({ axis }),
  DequantizeLinear: ({ axis }) => ({ axis }),
};

/** Operators that work number by number, with inputs that are broadcast against each other. */
const elementwise = new Set([
  ...[
    'Abs',
    'Acos',
    'Acosh',
    'Add',
    'And',
    'Asin',
    'Asinh',
    'Atan',
    'Atanh',
    'Cast',
    'Ceil',
    'Celu',
    'Clip',
    'Cos',
  ],
  ...[
    'Cosh',
    'Div',
    'Elu',
    'Equal',
    'Erf',
    'Exp',
    'Floor',
    'Greater',
    'GreaterOrEqual',
    'HardSigmoid',
    'HardSwish',
  ],
  ...[
    'Identity',
    'IsInf',
    'IsNaN',
    'LeakyRelu',
    'Less',
    'LessOrEqual',
    'Log',
    'Max',
    'Mean',
    'Min',
    'Mod',
    'Mul',
  ],
  ...[
    'Neg',
    'Not',
    'Or',
    'PRelu',
    'Pow',
    'Reciprocal',
    'Relu',
    'Round',
    'Selu',
    'Shrink',
    'Sigmoid',
    'Sign',
    'Sin',
  ],
  ...['Sinh', 'Softplus', 'Softsign', 'Sqrt', 'Sub', 'Sum', 'Tan', 'Tanh', 'ThresholdedRelu', 'Where', 'Xor'],
]);

/** Where the outputs of `node` hold the batch, given where its inputs do. */
export function batchAxes(node: Node, axes: BatchAxes, infos: Infos): Passed {
  const holders = node.inputs.filter((name) => axes.has(name));
  if (holders.length === 0) {
    return Object.values(node.attributes).some((attribute) => 'graph' in attribute)
      ? { reason: 'it has a body' }
      : { axis: undefined };
  }
  const outcome = ruleFor(node, axes, infos);
  return outcome ?? { reason: 'nothing is known of the operator' };
}

function ruleFor(node: Node, axes: BatchAxes, infos: Infos): Passed | undefined {
  if (node.domain !== '') return undefined;
  if (elementwise.has(node.op)) return broadcastAxis(node, axes, infos);
  if (node.op === 'Concat') return concatAxis(node, axes, infos);
  if (node.op === 'MatMul') return matMulAxis(node, axes, infos);
  if (node.op === 'Gemm') return gemmAxis(node, axes);
  const [data = '', ...rest] = node.inputs;
  const axis = axes.get(data);
  const rank = infos.get(data)?.shape?.length;
  // Weights, scales and targets that depend on the picture.
  if (axis === undefined || rank === undefined || rest.some((name) => axes.has(name))) return undefined;
  const indicesRank = infos.get(rest[0] ?? '')?.shape?.length;
  const constant: Lookup = (index) => {
    const value = infos.get(node.inputs[index] ?? '')?.value;
    return value?.every((each) => typeof each === 'number') ? (value as number[]) : undefined;
  };
  if (node.op === 'Reshape') return reshapedAxis(node, infos);
  return rules[node.op]?.({ node, axis, rank, constant, indicesRank });
}

function reshapedAxis(node: Node, infos: Infos): Passed {
  const shape = infos.get(node.outputs[0] ?? '')?.shape;
  return { axis: shape?.findIndex((size) => typeof size === 'string') };
}

function broadcastAxis(node: Node, axes: BatchAxes, infos: Infos): Passed | undefined {
  const rank = infos.get(node.outputs[0] ?? '')?.shape?.length;
  if (rank === undefined) return undefined;
  let found: number | undefined;
  for (const name of node.inputs) {
    const axis = axes.get(name);
    const own = infos.get(name)?.shape?.length;
    if (axis === undefined) continue;
    const at = rank - (own ?? rank) + axis;
    if (found !== undefined && found !== at) return { reason: 'its inputs hold the batch along other axes' };
    found = at;
  }
  return { axis: found };
}

function concatAxis(node: Node, axes: BatchAxes, infos: Infos): Passed | undefined {
  const rank = infos.get(node.outputs[0] ?? '')?.shape?.length;
  const [axis, ...others] = new Set(node.inputs.map((name) => axes.get(name)));
  if (rank === undefined || axis === undefined || others.length > 0) {
    return { reason: 'not all of its inputs hold the batch' };
  }
  return positive(intAttribute(node, 'axis', 0), rank) === axis ? mixes : { axis };
}

function matMulAxis(node: Node, axes: BatchAxes, infos: Infos): Passed | undefined {
  const [a = '', b = ''] = node.inputs;
  const [left, right] = [infos.get(a)?.shape?.length, infos.get(b)?.shape?.length];
  if (left === undefined || right === undefined || left < 2 || right < 2) return undefined;
  const rank = Math.max(left, right);
  const [rows, columns] = [axes.get(a), axes.get(b)];
  if (rows === left - 1 || (columns !== undefined && columns >= right - 2)) return mixes;
  const places = new Set([
    ...(rows === undefined ? [] : [rank - left + rows]),
    ...(columns === undefined ? [] : [rank - right + columns]),
  ]);
  const [axis] = places;
  return places.size === 1 ? { axis } : { reason: 'its inputs hold the batch along other axes' };
}

function gemmAxis(node: Node, axes: BatchAxes): Passed {
  const [a = '', ...rest] = node.inputs;
  const plain = intAttribute(node, 'transA', 0) === 0 && axes.get(a) === 0;
  return plain && !rest.some((name) => axes.has(name)) ? { axis: 0 } : mixes;
}

function reduce({ node, axis, rank, constant }: Parameters<Rule>[0]): Passed {
  const axes = (ints(node, 'axes') ?? constant(1))?.map((each) => positive(each, rank));
  if (axes === undefined || axes.includes(axis)) return mixes;
  if (intAttribute(node, 'keepdims', 1) !== 0) return { axis };
  return { axis: axis - axes.filter((each) => each < axis).length };
}

function argument({ node, axis, rank }: Parameters<Rule>[0]): Passed {
  const at = positive(intAttribute(node, 'axis', 0), rank);
  if (at === axis) return mixes;
  return { axis: intAttribute(node, 'keepdims', 1) === 0 && at < axis ? axis - 1 : axis };
}

function positive(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}

function all(rule: Rule, ops: readonly string[]): Record<string, Rule> {
  return Object.fromEntries(ops.map((op) => [op, rule]));
}
