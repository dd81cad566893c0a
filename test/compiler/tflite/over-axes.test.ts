import { it } from 'vitest';
import { agree, type Case, constant, f, i32, picture, scalar, titled, unary, weights } from './case.ts';

const cases: readonly Case[] = [
  unary('SOFTMAX', undefined, [9, [0, 'float32', 1]]),
  unary('SOFTMAX', undefined, [9, [0, 'float32', 0.5]]),
  unary('LOG_SOFTMAX', undefined, [36]),
  unary('L2_NORMALIZATION', undefined, [12]),
  { op: 'MEAN', inputs: [picture, constant(1, 2)], outputs: [f(1, 4)], options: [27, [0, 'int8', 0]] },
  { op: 'MEAN', inputs: [picture, constant(1, 2)], outputs: [f(1, 1, 1, 4)], options: [27, [0, 'int8', 1]] },
  { op: 'MEAN', inputs: [picture, constant(3)], outputs: [f(1, 6, 5)], options: [27, [0, 'int8', 0]] },
  { op: 'SUM', inputs: [picture, constant(-1)], outputs: [f(1, 6, 5)], options: [27] },
  { op: 'REDUCE_MAX', inputs: [picture, constant(1)], outputs: [f(1, 5, 4)], options: [27] },
  { op: 'REDUCE_MIN', inputs: [picture, constant(1)], outputs: [f(1, 5, 4)], options: [27] },
  { op: 'REDUCE_PROD', inputs: [picture, constant(0)], outputs: [f(6, 5, 4)], options: [27] },
  { op: 'ARG_MAX', inputs: [picture, scalar(3)], outputs: [i32(1, 6, 5)], options: [40, [0, 'int8', 2]] },
  { op: 'ARG_MIN', inputs: [picture, scalar(1)], outputs: [i32(1, 5, 4)], options: [57, [0, 'int8', 2]] },
  { op: 'RESIZE_BILINEAR', inputs: [picture, constant(9, 11)], outputs: [f(1, 9, 11, 4)], options: [15] },
  {
    op: 'RESIZE_BILINEAR',
    inputs: [picture, constant(9, 11)],
    outputs: [f(1, 9, 11, 4)],
    options: [15, [2, 'int8', 1]],
  },
  {
    op: 'RESIZE_BILINEAR',
    inputs: [picture, constant(9, 3)],
    outputs: [f(1, 9, 3, 4)],
    options: [15, [3, 'int8', 1]],
  },
  {
    op: 'RESIZE_NEAREST_NEIGHBOR',
    inputs: [picture, constant(9, 11)],
    outputs: [f(1, 9, 11, 4)],
    options: [74],
  },
  {
    op: 'RESIZE_NEAREST_NEIGHBOR',
    inputs: [picture, constant(9, 11)],
    outputs: [f(1, 9, 11, 4)],
    options: [74, [0, 'int8', 1]],
  },
  {
    op: 'RESIZE_NEAREST_NEIGHBOR',
    inputs: [picture, constant(9, 11)],
    outputs: [f(1, 9, 11, 4)],
    options: [74, [1, 'int8', 1]],
  },
  {
    op: 'DEPTH_TO_SPACE',
    inputs: [f(1, 3, 2, 12)],
    outputs: [f(1, 6, 4, 3)],
    options: [94, [0, 'int32', 2]],
  },
  {
    op: 'SPACE_TO_DEPTH',
    inputs: [f(1, 6, 4, 3)],
    outputs: [f(1, 3, 2, 12)],
    options: [19, [0, 'int32', 2]],
  },
  {
    op: 'FULLY_CONNECTED',
    inputs: [f(1, 12), weights([7, 12]), weights([7])],
    outputs: [f(1, 7)],
    options: [8, [0, 'int8', 1]],
  },
  {
    op: 'FULLY_CONNECTED',
    inputs: [f(1, 3, 12), weights([7, 12])],
    outputs: [f(1, 3, 7)],
    options: [8, [2, 'int8', 1]],
  },
  {
    op: 'BATCH_MATMUL',
    inputs: [f(1, 3, 12), f(1, 7, 12)],
    outputs: [f(1, 3, 7)],
    options: [101, [1, 'int8', 1]],
  },
  {
    op: 'BATCH_MATMUL',
    inputs: [f(1, 12, 3), weights([12, 7])],
    outputs: [f(1, 3, 7)],
    options: [101, [0, 'int8', 1]],
  },
  {
    op: 'CONV_2D',
    inputs: [f(1, 8, 8, 6), weights([4, 3, 3, 3]), weights([4])],
    outputs: [f(1, 8, 8, 4)],
    options: [1, [1, 'int32', 1], [2, 'int32', 1], [4, 'int32', 1], [5, 'int32', 1]],
  },
  {
    op: 'TRANSPOSE_CONV',
    inputs: [constant(1, 8, 6, 5), weights([5, 3, 3, 4]), f(1, 4, 3, 4)],
    outputs: [f(1, 8, 6, 5)],
    options: [49, [1, 'int32', 2], [2, 'int32', 2]],
  },
  {
    op: 'TRANSPOSE_CONV',
    inputs: [constant(1, 9, 7, 5), weights([5, 3, 3, 4]), f(1, 4, 3, 4), weights([5])],
    outputs: [f(1, 9, 7, 5)],
    options: [49, [0, 'int8', 1], [1, 'int32', 2], [2, 'int32', 2], [3, 'int8', 1]],
  },
];

it.each(titled(cases))(
  'an operator over axes, pictures or matrices is that of TFLite: %s',
  async (_, each) => {
    await agree(each);
  },
);
