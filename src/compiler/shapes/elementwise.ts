import { type TensorType, tensorTypes } from '../tensor.ts';
import { type Info, input, misfit, type Rule, type Site } from './info.ts';
import { broadcast, divide, multiply, type Size } from './size.ts';

/** Operators whose result has type and shape of their first input. */
const same: Rule = (site) => {
  const { type, shape } = input(site, 0);
  return { type, shape };
};

const unary = [
  ...['Abs', 'Acos', 'Acosh', 'Asin', 'Asinh', 'Atan', 'Atanh', 'BatchNormalization', 'Ceil', 'Celu', 'Clip'],
  ...['Cos', 'Cosh', 'CumSum', 'Dropout', 'Elu', 'Erf', 'Exp', 'Floor', 'Gelu', 'HardSigmoid', 'HardSwish'],
  ...[
    'Hardmax',
    'Identity',
    'InstanceNormalization',
    'LRN',
    'LeakyRelu',
    'Log',
    'LogSoftmax',
    'LpNormalization',
  ],
  ...['MeanVarianceNormalization', 'Mish', 'Neg', 'PRelu', 'Reciprocal', 'Relu', 'Round', 'Selu', 'Shrink'],
  ...['Sigmoid', 'Sign', 'Sin', 'Sinh', 'Softmax', 'Softplus', 'Softsign', 'Sqrt', 'Tan', 'Tanh'],
  ...['ThresholdedRelu', 'LayerNormalization', 'Trilu', 'ScatterElements', 'ScatterND', 'ReverseSequence'],
];

/** Operators of two or more inputs, broadcast. */
const nary = ['Add', 'BitShift', 'Div', 'Max', 'Mean', 'Min', 'Mod', 'Mul', 'Pow', 'Sub', 'Sum'];

const comparisons = ['And', 'Equal', 'Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual', 'Or', 'Xor'];

type Arithmetic = (a: number, b: number) => number;

const numbers: Readonly<Record<string, Arithmetic>> = {
  Add: (a, b) => a + b,
  Sub: (a, b) => a - b,
  Mul: (a, b) => a * b,
  Div: (a, b) => a / b,
  Max: Math.max,
  Min: Math.min,
  Mod: (a, b) => a - b * Math.floor(a / b),
};

const products: Readonly<Record<string, (a: Size, b: Size) => Size>> = { Mul: multiply, Div: divide };

const functions: Readonly<Record<string, (a: number) => number>> = {
  Identity: (a) => a,
  Neg: (a) => -a,
  Abs: Math.abs,
  Floor: Math.floor,
  Ceil: Math.ceil,
  Sqrt: Math.sqrt,
};

export const elementwise: Readonly<Record<string, Rule>> = {
  ...Object.fromEntries(unary.map((op) => [op, functions[op] ? withFunction(functions[op]) : same])),
  ...Object.fromEntries(
    nary.map((op) => [op, (site: Site) => ({ ...broadcastInputs(site), ...arithmetic(site) })]),
  ),
  ...Object.fromEntries(
    comparisons.map((op) => [op, (site: Site) => ({ ...broadcastInputs(site), type: 'bool' as const })]),
  ),
  Not: same,
  IsNaN: (site) => ({ ...same(site), type: 'bool' }),
  IsInf: (site) => ({ ...same(site), type: 'bool' }),
  Where: (site) => ({ ...broadcastInputs(site), type: input(site, 1).type }),
  Cast: cast,
  CastLike: (site) => ({ shape: input(site, 0).shape, type: input(site, 1).type }),
  QuantizeLinear: (site) => ({ shape: input(site, 0).shape, type: input(site, 2).type ?? 'uint8' }),
  DequantizeLinear: (site) => ({ shape: input(site, 0).shape, type: 'float32' }),
};

function withFunction(apply: (a: number) => number): Rule {
  return (site) => {
    const { type, shape, value } = input(site, 0);
    const known = value?.map((each) => (typeof each === 'number' ? apply(each) : null));
    return { type, shape, value: known };
  };
}

function broadcastInputs(site: Site): Info {
  const { type } = input(site, 0);
  let shape: readonly Size[] | undefined = [];
  for (const each of site.inputs) {
    if (each.shape === undefined) return { type };
    const wider = broadcast(shape, each.shape);
    if (wider === undefined) {
      throw misfit(
        site.node,
        'shapes that broadcast',
        site.inputs.map((one) => `[${one.shape}]`).join(' and '),
      );
    }
    shape = wider;
  }
  return { type, shape };
}

function arithmetic(site: Site): Info {
  const { op } = site.node;
  const [left, right] = site.inputs;
  const exact = numbers[op];
  if (site.inputs.length !== 2 || !left?.value || !right?.value || exact === undefined) return {};
  const whole = left.type !== 'float32' && left.type !== 'float64';
  const count = Math.max(left.value.length, right.value.length);
  const value = Array.from({ length: count }, (_, i): Size => {
    const a = sizeAt(left.value, i);
    const b = sizeAt(right.value, i);
    if (typeof a !== 'number' || typeof b !== 'number') return products[op]?.(a, b) ?? null;
    const result = exact(a, b);
    return whole ? Math.trunc(result) : result;
  });
  return { value };
}

/** Of a list that is broadcast. */
function sizeAt(value: readonly Size[] = [], index: number): Size {
  return value[value.length === 1 ? 0 : index] ?? null;
}

const typesByCode = new Map(
  Object.entries(tensorTypes).map(([type, { code }]) => [code, type as TensorType]),
);

function cast(site: Site): Info {
  const { shape, value } = input(site, 0);
  const to = site.node.attributes.to;
  const type = to !== undefined && 'int' in to ? typesByCode.get(to.int) : undefined;
  const whole = type === 'int64' || type === 'int32';
  const known = value?.map((each) => (typeof each === 'number' && whole ? Math.trunc(each) : each));
  return { type, shape, ...(type !== 'bool' && { value: known }) };
}
