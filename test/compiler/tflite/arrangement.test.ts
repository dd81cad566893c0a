import { it } from 'vitest';
import { agree, type Case, constant, f, i32, picture, scalar, titled, weights } from './case.ts';

const cases: readonly Case[] = [
  {
    op: 'RESHAPE',
    inputs: [picture, constant(1, 10, 12)],
    outputs: [f(1, 10, 12)],
    options: [17, [0, 'int32s', [1, 10, 12]]],
  },
  {
    op: 'RESHAPE',
    inputs: [picture, constant(30, 4)],
    outputs: [f(30, 4)],
    options: [17, [0, 'int32s', [30, 4]]],
  },
  { op: 'SQUEEZE', inputs: [f(1, 1, 1, 7)], outputs: [f(1, 7)], options: [30, [0, 'int32s', [1, 2]]] },
  { op: 'EXPAND_DIMS', inputs: [f(1, 6, 4), scalar(2)], outputs: [f(1, 6, 1, 4)], options: [52] },
  { op: 'TRANSPOSE', inputs: [picture, constant(0, 3, 1, 2)], outputs: [f(1, 4, 6, 5)], options: [26] },
  { op: 'TRANSPOSE', inputs: [picture, constant(3, 1, 0, 2)], outputs: [f(4, 6, 1, 5)], options: [26] },
  {
    op: 'CONCATENATION',
    inputs: [picture, f(1, 6, 5, 2)],
    outputs: [f(1, 6, 5, 6)],
    options: [10, [0, 'int32', -1]],
  },
  {
    op: 'CONCATENATION',
    inputs: [picture, f(1, 2, 5, 4)],
    outputs: [f(1, 8, 5, 4)],
    options: [10, [0, 'int32', 1]],
  },
  {
    op: 'CONCATENATION',
    inputs: [f(2, 3), weights([1, 3])],
    outputs: [f(3, 3)],
    options: [10, [0, 'int32', 0]],
  },
  {
    op: 'PACK',
    inputs: [f(1, 5), f(1, 5)],
    outputs: [f(1, 2, 5)],
    options: [59, [0, 'int32', 2], [1, 'int32', 1]],
  },
  {
    op: 'UNPACK',
    inputs: [f(1, 2, 5)],
    outputs: [f(1, 5), f(1, 5)],
    options: [64, [0, 'int32', 2], [1, 'int32', 1]],
  },
  {
    op: 'SPLIT',
    inputs: [scalar(3), picture],
    outputs: [f(1, 6, 5, 2), f(1, 6, 5, 2)],
    options: [35, [0, 'int32', 2]],
  },
  {
    op: 'SPLIT_V',
    inputs: [picture, constant(1, 3), scalar(-1)],
    outputs: [f(1, 6, 5, 1), f(1, 6, 5, 3)],
    options: [79, [0, 'int32', 2]],
  },
  {
    op: 'SLICE',
    inputs: [picture, constant(0, 1, 2, 0), constant(1, 3, -1, 4)],
    outputs: [f(1, 3, 3, 4)],
    options: [48],
  },
  {
    op: 'STRIDED_SLICE',
    inputs: [picture, constant(0, 1, 4, 0), constant(1, 6, 0, 3), constant(1, 2, -1, 1)],
    outputs: [f(1, 3, 5, 3)],
    options: [32, [0, 'int32', 0], [1, 'int32', 4]],
  },
  {
    op: 'STRIDED_SLICE',
    inputs: [picture, constant(0, 2, 0, 0), constant(0, 3, 0, 0), constant(1, 1, 2, 1)],
    outputs: [f(1, 3, 4)],
    options: [32, [0, 'int32', 13], [1, 'int32', 13], [4, 'int32', 2]],
  },
  { op: 'REVERSE_V2', inputs: [picture, constant(2)], outputs: [picture], options: [81] },
  { op: 'TILE', inputs: [picture, constant(1, 2, 1, 3)], outputs: [f(1, 12, 5, 12)], options: [51] },
  {
    op: 'PAD',
    inputs: [picture, { ...constant(0, 0, 1, 2, 0, 3, 1, 0), shape: [4, 2] }],
    outputs: [f(1, 9, 8, 5)],
    options: [22],
  },
  {
    op: 'PADV2',
    inputs: [
      picture,
      { ...constant(0, 0, 1, 0, 0, 1, 0, 0), shape: [4, 2] },
      { shape: [], data: Float32Array.of(-2) },
    ],
    outputs: [f(1, 7, 6, 4)],
    options: [43],
  },
  {
    op: 'MIRROR_PAD',
    inputs: [picture, { ...constant(0, 0, 1, 2, 2, 1, 0, 0), shape: [4, 2] }],
    outputs: [f(1, 9, 8, 4)],
    options: [77, [0, 'int8', 0]],
  },
  {
    op: 'GATHER',
    inputs: [picture, constant(3, 0, 0)],
    outputs: [f(1, 6, 5, 3)],
    options: [23, [0, 'int32', 3]],
  },
  {
    op: 'GATHER',
    inputs: [weights([7, 3]), i32(1, 4)],
    outputs: [f(1, 4, 3)],
    options: [23, [0, 'int32', 0]],
  },
  {
    op: 'GATHER_ND',
    inputs: [f(3, 4, 2), { ...constant(2, 3, 0, 1), shape: [2, 2] }],
    outputs: [f(2, 2)],
    options: [83],
  },
];

it.each(titled(cases))('an operator that arranges is that of TFLite: %s', async (_, each) => {
  await agree(each);
});
