import { it } from 'vitest';
import type { Field } from '../../../src/compiler/tflite/write.ts';
import {
  agree,
  binary,
  type Case,
  compared,
  constant,
  f,
  i32,
  picture,
  titled,
  unary,
  weights,
} from './case.ts';

const relu6: Field = [0, 'int8', 3];

const cases: readonly Case[] = [
  unary('ABS', undefined, [78]),
  unary('CEIL'),
  unary('COS', undefined, [84]),
  unary('ELU'),
  unary('EXP', undefined, [33]),
  unary('FLOOR'),
  unary('HARD_SWISH', [-5, 5], [91]),
  unary('LEAKY_RELU', undefined, [75, [0, 'float32', 0.2]]),
  unary('LOG', [0.1, 9]),
  unary('LOGISTIC'),
  unary('NEG', undefined, [42]),
  unary('RELU'),
  unary('RELU6', [-9, 9]),
  unary('RELU_N1_TO_1'),
  unary('ROUND'),
  unary('RSQRT', [0.1, 9]),
  unary('SIN'),
  unary('SQRT', [0, 9]),
  unary('SQUARE', undefined, [66]),
  unary('TANH'),
  binary('ADD', [11, relu6]),
  binary('ADD', [11], weights([4])),
  binary('ADD', [11], weights([])),
  binary('ADD', [11], weights([5, 1])),
  binary('ADD', [11], weights([1, 6, 5, 1])),
  binary('SUB', [28, relu6], f(1, 1, 5, 4)),
  binary('MUL', [21], f(1, 1, 1, 4)),
  binary('DIV', [29]),
  binary('MAXIMUM', [39]),
  binary('MINIMUM', [39]),
  binary('POW', [56]),
  binary('SQUARED_DIFFERENCE', [76]),
  { op: 'ADD_N', inputs: [picture, picture, picture], outputs: [picture], options: [82] },
  { op: 'PRELU', inputs: [picture, weights([1, 1, 4])], outputs: [picture] },
  { op: 'FLOOR_DIV', inputs: [i32(4, 9), constant(3)], outputs: [i32(4, 9)], options: [65], from: [-20, 20] },
  compared('EQUAL', 53),
  compared('NOT_EQUAL', 54),
  compared('GREATER', 44),
  compared('GREATER_EQUAL', 45),
  compared('LESS', 41),
  compared('LESS_EQUAL', 46),
  {
    op: 'CAST',
    inputs: [picture],
    outputs: [i32(1, 6, 5, 4)],
    options: [37, [0, 'int8', 0], [1, 'int8', 2]],
  },
];

it.each(titled(cases))('an operator on each element is that of TFLite: %s', async (_, each) => {
  await agree(each);
});
