import type { NhwcBuilder, Value } from '../../nhwc-builder.ts';
import { cast, elementwise } from '../../nhwc-elementwise.ts';
import { reshaped } from '../alone.ts';
import { type Call, input, type Operator, type Operators } from '../call.ts';
import { clamp } from '../clamp.ts';
import { loneNumber, scalar } from '../constants.ts';
import { typeOf } from '../graph-def.ts';

/* Operators on each element of one or two operands. */

const unary =
  (op: string): Operator =>
  (call) =>
    elementwise(call.builder, op, [input(call, 0)]);

const binary =
  (op: string): Operator =>
  (call) =>
    elementwise(call.builder, op, both(call));

const comparison =
  (op: string): Operator =>
  (call) =>
    elementwise(call.builder, op, both(call), { type: 'bool' });

function both(call: Call): [Value, Value] {
  return [input(call, 0), input(call, 1)];
}

/** A limit that is one number for all is a clamp, which the runtime fuses with what is before it. */
const limit =
  (op: 'Min' | 'Max'): Operator =>
  (call) => {
    const [a, b] = both(call);
    const number = loneNumber(b) ?? loneNumber(a);
    const value = loneNumber(b) === undefined ? b : a;
    const one = loneNumber(b) === undefined ? a : b;
    const stretches = one.shape.length > value.shape.length || value.tensor !== undefined;
    if (number === undefined || stretches) return elementwise(call.builder, op, [a, b]);
    return op === 'Min'
      ? clamp(call.builder, value, Number.NEGATIVE_INFINITY, number)
      : clamp(call.builder, value, number, Number.POSITIVE_INFINITY);
  };

function square(builder: NhwcBuilder, value: Value): Value {
  return elementwise(builder, 'Mul', [value, value]);
}

function divide(call: Call): Value {
  const [a, b] = both(call);
  return a.type === 'int32' ? floorDivide(call) : elementwise(call.builder, 'Div', [a, b]);
}

/** Rounded down; ONNX rounds integers towards zero, but the rest that it knows is of the division rounded down. */
function floorDivide(call: Call): Value {
  const { builder } = call;
  const [a, b] = both(call);
  if (a.type !== 'int32') {
    return elementwise(builder, 'Floor', [elementwise(builder, 'Div', [a, b])]);
  }
  const rest = elementwise(builder, 'Mod', [a, b]);
  return elementwise(builder, 'Div', [elementwise(builder, 'Sub', [a, rest]), b]);
}

/** What is left of the division rounded down, so with the sign of the divisor. */
function floorModulo(call: Call): Value {
  const { builder } = call;
  const [a, b] = both(call);
  if (a.type === 'int32') return elementwise(builder, 'Mod', [a, b]);
  return elementwise(builder, 'Sub', [a, elementwise(builder, 'Mul', [floorDivide(call), b])]);
}

/** 0 where the divisor is. */
function divideNoNan(call: Call): Value {
  const { builder } = call;
  const [a, b] = both(call);
  const zero = scalar(builder, 0, b);
  const isZero = elementwise(builder, 'Equal', [b, zero], { type: 'bool' });
  const quotient = elementwise(builder, 'Div', [a, b]);
  return elementwise(builder, 'Where', [isZero, zero, quotient], { type: quotient.type });
}

function select(call: Call): Value {
  if (call.inputs.length === 1)
    throw new RangeError('Expected three inputs: the count of its results is open');
  const [whereTrue, whereFalse] = [input(call, 1), input(call, 2)];
  const condition = input(call, 0);
  // The old Select lets a vector choose among rows.
  const rows = condition.shape.length === 1 && whereTrue.shape.length > 1 && call.node.op === 'Select';
  const ones = whereTrue.shape.slice(1).map(() => 1);
  const size = condition.shape[0] === 'N' ? 1 : (condition.shape[0] ?? 1);
  const aligned = rows ? reshaped(call.builder, condition, [size, ...ones]) : condition;
  return elementwise(call.builder, 'Where', [aligned, whereTrue, whereFalse], { type: whereTrue.type });
}

function sum({ builder, inputs }: Call): Value {
  return inputs.reduce((total, value) => elementwise(builder, 'Add', [total, value]));
}

function converted(call: Call): Value {
  const type = typeOf(call.node, 'DstT') ?? 'float32';
  return cast(call.builder, input(call, 0), type === 'uint8' ? 'int32' : type);
}

export const arithmetic: Operators = {
  Abs: unary('Abs'),
  Acos: unary('Acos'),
  Acosh: unary('Acosh'),
  Add: binary('Add'),
  AddN: sum,
  AddV2: binary('Add'),
  Asin: unary('Asin'),
  Asinh: unary('Asinh'),
  Atan: unary('Atan'),
  Atanh: unary('Atanh'),
  BiasAdd: binary('Add'),
  Cast: converted,
  Ceil: unary('Ceil'),
  Cos: unary('Cos'),
  Cosh: unary('Cosh'),
  Div: divide,
  DivNoNan: divideNoNan,
  Equal: comparison('Equal'),
  Erf: unary('Erf'),
  Exp: unary('Exp'),
  Expm1: (call) => {
    const power = elementwise(call.builder, 'Exp', [input(call, 0)]);
    return elementwise(call.builder, 'Sub', [power, scalar(call.builder, 1, power)]);
  },
  Floor: unary('Floor'),
  FloorDiv: floorDivide,
  FloorMod: floorModulo,
  Greater: comparison('Greater'),
  GreaterEqual: comparison('GreaterOrEqual'),
  Inv: unary('Reciprocal'),
  IsInf: (call) => elementwise(call.builder, 'IsInf', [input(call, 0)], { type: 'bool' }),
  IsNan: (call) => elementwise(call.builder, 'IsNaN', [input(call, 0)], { type: 'bool' }),
  Less: comparison('Less'),
  LessEqual: comparison('LessOrEqual'),
  Log: unary('Log'),
  Log1p: (call) => {
    const value = input(call, 0);
    const more = elementwise(call.builder, 'Add', [value, scalar(call.builder, 1, value)]);
    return elementwise(call.builder, 'Log', [more]);
  },
  LogicalAnd: comparison('And'),
  LogicalNot: unary('Not'),
  LogicalOr: comparison('Or'),
  Maximum: limit('Max'),
  Minimum: limit('Min'),
  Mod: floorModulo,
  Mul: binary('Mul'),
  Neg: unary('Neg'),
  NotEqual: (call) =>
    elementwise(call.builder, 'Not', [elementwise(call.builder, 'Equal', both(call), { type: 'bool' })]),
  Pow: binary('Pow'),
  RealDiv: divide,
  Reciprocal: unary('Reciprocal'),
  Round: unary('Round'),
  Rsqrt: (call) =>
    elementwise(call.builder, 'Reciprocal', [elementwise(call.builder, 'Sqrt', [input(call, 0)])]),
  Select: select,
  SelectV2: select,
  Sign: unary('Sign'),
  Sin: unary('Sin'),
  Sinh: unary('Sinh'),
  Sqrt: unary('Sqrt'),
  Square: (call) => square(call.builder, input(call, 0)),
  SquaredDifference: (call) => square(call.builder, elementwise(call.builder, 'Sub', both(call))),
  Sub: binary('Sub'),
  Tan: unary('Tan'),
  Where: select,
};
