import { intAttribute, type Node } from '../graph.ts';
import { ints } from '../shapes/info.ts';

/** Where the outputs of a node hold the batch (`undefined`: nowhere), or why the batch does not pass it. */
export type Passed = { readonly axis: number | undefined } | { readonly reason: string };

export const mixes = { reason: 'it mixes the rows of the batch' };

/** Rules for a node whose first input holds the batch along `axis` of `rank` dimensions. */
export type Rule = (site: {
  readonly node: Node;
  readonly axis: number;
  readonly rank: number;
  /** The numbers of another input, where they are known. */
  readonly constant: Lookup;
  /** Of the second input, where it is there. */
  readonly indicesRank: number | undefined;
}) => Passed;
export type Lookup = (index: number) => readonly number[] | undefined;

const rowByRow: Rule = ({ axis }) => (axis === 0 ? { axis } : mixes);

const alongAxis =
  (fallback: number): Rule =>
  ({ node, axis, rank }) =>
    positive(intAttribute(node, 'axis', fallback), rank) === axis ? mixes : { axis };

export const batchRules: Readonly<Record<string, Rule>> = {
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
export const elementwiseOps = new Set([
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

export function positive(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}

function all(rule: Rule, ops: readonly string[]): Record<string, Rule> {
  return Object.fromEntries(ops.map((op) => [op, rule]));
}
