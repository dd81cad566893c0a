import { type Case, matrix, picture, testCases, weight } from '../case.ts';
import { attr } from '../models.ts';

testCases({
  MatMul: { dims: matrix, build: (net, x) => net.add('MatMul', [x, net.constant(weight([12, 5]))]) },
  'MatMul transposed': {
    dims: matrix,
    build: (net, x) =>
      net.add('MatMul', [x, net.constant(weight([5, 12]))], { transpose_b: attr.bool(true) }),
  },
  _FusedMatMul: {
    dims: matrix,
    build: (net, x) =>
      net.add('_FusedMatMul', [x, net.constant(weight([12, 5])), net.constant(weight([5]))], {
        num_args: attr.int(1),
        fused_ops: attr.texts('BiasAdd', 'Relu'),
      }),
  },
  BatchMatMulV2: {
    dims: [1, 3, 4],
    build: (net, x) => net.add('BatchMatMulV2', [x, x], { adj_y: attr.bool(true) }),
  },
  ...Object.fromEntries(
    ['Max', 'Mean', 'Min', 'Prod', 'Sum'].flatMap((op): [string, Case][] => [
      [`${op} of pixels`, { dims: picture, build: (net, x) => net.add(op, [x, net.ints(1, 2)]) }],
      [
        `${op} of channels`,
        {
          dims: picture,
          build: (net, x) => net.add(op, [x, net.int(-1)], { keep_dims: attr.bool(true) }),
        },
      ],
    ]),
  ),
  ArgMax: { dims: picture, build: (net, x) => net.add('ArgMax', [x, net.int(3)]) },
  ArgMin: { dims: matrix, build: (net, x) => net.add('ArgMin', [x, net.int(1)]) },
  TopKV2: {
    dims: matrix,
    build: (net, x) => {
      const best = net.add('TopKV2', [x, net.int(4)]);
      return [best, `${best}:1`];
    },
  },
  Cumsum: { dims: matrix, build: (net, x) => net.add('Cumsum', [x, net.int(1)]) },
});
