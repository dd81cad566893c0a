import type { Value } from '../nhwc-builder.ts';
import { cast, elementwise, typeOf } from '../nhwc-elementwise.ts';
import { activate, activated, type Call, type Importer, input, output, scalar } from './call.ts';

/* Operators on each element. */

const unary =
  (op: string): Importer =>
  (call) =>
    elementwise(call.builder, op, [input(call, 0)]);

const both = (call: Call): [Value, Value] => [input(call, 0), input(call, 1)];

const binary =
  (op: string): Importer =>
  (call) =>
    elementwise(call.builder, op, both(call));

/** With an activation, which the first field of the options names. */
const activatedBinary =
  (op: string): Importer =>
  (call) =>
    activated(call, elementwise(call.builder, op, both(call)), 0);

const comparison =
  (op: string): Importer =>
  (call) =>
    elementwise(call.builder, op, both(call), { type: 'bool' });

function square({ builder }: Call, value: Value): Value {
  return elementwise(builder, 'Mul', [value, value]);
}

function select(call: Call): Value {
  const [whereTrue, whereFalse] = [input(call, 1), input(call, 2)];
  return elementwise(call.builder, 'Where', [input(call, 0), whereTrue, whereFalse], {
    type: typeOf(whereTrue),
  });
}

/** Rounded down, where ONNX's division of integers rounds towards zero; float64 holds any int32. */
function floorDivision(call: Call): Value {
  const { builder } = call;
  const [dividend, divisor] = both(call).map((value) => cast(builder, value, 'float64'));
  if (dividend === undefined || divisor === undefined) throw new RangeError('Expected two operands');
  const quotient = elementwise(builder, 'Floor', [elementwise(builder, 'Div', [dividend, divisor])]);
  return cast(builder, quotient, output(call).type);
}

function leakyRelu(call: Call): Value {
  const attributes = { alpha: { float: call.options?.float32(0) ?? 0 } };
  return elementwise(call.builder, 'LeakyRelu', [input(call, 0)], { attributes });
}

function sum(call: Call): Value {
  return call.inputs
    .map((_, index) => input(call, index))
    .reduce((total, value) => elementwise(call.builder, 'Add', [total, value]));
}

export const arithmetic: Readonly<Record<string, Importer>> = {
  ABS: unary('Abs'),
  ADD: activatedBinary('Add'),
  ADD_N: sum,
  CAST: (call) => cast(call.builder, input(call, 0), output(call).type),
  CEIL: unary('Ceil'),
  COS: unary('Cos'),
  DIV: activatedBinary('Div'),
  ELU: unary('Elu'),
  EQUAL: comparison('Equal'),
  EXP: unary('Exp'),
  FLOOR: unary('Floor'),
  FLOOR_DIV: floorDivision,
  GREATER: comparison('Greater'),
  GREATER_EQUAL: comparison('GreaterOrEqual'),
  HARD_SWISH: unary('HardSwish'),
  LEAKY_RELU: leakyRelu,
  LESS: comparison('Less'),
  LESS_EQUAL: comparison('LessOrEqual'),
  LOG: unary('Log'),
  LOGICAL_AND: comparison('And'),
  LOGICAL_NOT: unary('Not'),
  LOGICAL_OR: comparison('Or'),
  LOGISTIC: unary('Sigmoid'),
  MAXIMUM: binary('Max'),
  MINIMUM: binary('Min'),
  MUL: activatedBinary('Mul'),
  NEG: unary('Neg'),
  NOT_EQUAL: (call) => elementwise(call.builder, 'Not', [comparison('Equal')(call) as Value]),
  POW: binary('Pow'),
  PRELU: binary('PRelu'),
  RELU: (call) => activate(call, input(call, 0), 'relu'),
  RELU6: (call) => activate(call, input(call, 0), 'relu6'),
  RELU_N1_TO_1: (call) => activate(call, input(call, 0), 'reluN1To1'),
  ROUND: unary('Round'),
  RSQRT: (call) => {
    const root = elementwise(call.builder, 'Sqrt', [input(call, 0)]);
    return elementwise(call.builder, 'Div', [scalar(call.builder, 1), root]);
  },
  SELECT: select,
  SELECT_V2: select,
  SIN: unary('Sin'),
  SQRT: unary('Sqrt'),
  SQUARE: (call) => square(call, input(call, 0)),
  SQUARED_DIFFERENCE: (call) => square(call, elementwise(call.builder, 'Sub', both(call))),
  SUB: activatedBinary('Sub'),
  TANH: unary('Tanh'),
};
