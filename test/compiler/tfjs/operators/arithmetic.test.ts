import { type Case, matrix, picture, testCases, weight } from '../case.ts';
import { attr, type Net } from '../models.ts';

const unary = [
  ...['Abs', 'Atan', 'Ceil', 'Cos', 'Elu', 'Erf', 'Exp', 'Expm1', 'Floor', 'Neg', 'Relu', 'Relu6', 'Round'],
  ...['Selu', 'Sigmoid', 'Sign', 'Sin', 'Sinh', 'Softplus', 'Square', 'Tan', 'Tanh', 'ZerosLike', 'OnesLike'],
];
const positive = ['Log', 'Log1p', 'Reciprocal', 'Rsqrt', 'Sqrt'];
const binary = [
  ...[
    'Add',
    'AddV2',
    'FloorDiv',
    'FloorMod',
    'Maximum',
    'Minimum',
    'Mul',
    'RealDiv',
    'SquaredDifference',
    'Sub',
  ],
  'DivNoNan',
];
const comparisons = ['Equal', 'Greater', 'GreaterEqual', 'Less', 'LessEqual', 'NotEqual'];

const onEach = (op: string, scale = 3): Case => ({
  dims: [1, 3, 4, 2],
  scale,
  build: (net, x) => net.add(op, [x]),
});

testCases({
  ...Object.fromEntries(unary.map((op) => [op, onEach(op)])),
  ...Object.fromEntries(
    positive.map((op) => [
      op,
      {
        dims: [1, 7],
        build: (net: Net, x: string) => net.add(op, [net.add('AddV2', [x, net.float(1.5)])]),
      },
    ]),
  ),
  ...Object.fromEntries(
    binary.flatMap((op): [string, Case][] => [
      [
        `${op} with a vector`,
        { dims: picture, scale: 5, build: (net, x) => net.add(op, [x, net.constant(weight([4]))]) },
      ],
      [
        `${op} from a picture`,
        { dims: picture, scale: 5, build: (net, x) => net.add(op, [net.constant(weight([6, 5, 4])), x]) },
      ],
    ]),
  ),
  ...Object.fromEntries(
    comparisons.map((op): [string, Case] => [
      op,
      {
        dims: [1, 9],
        build: (net, x) => {
          const whole = net.add('Round', [x]);
          const same = net.add(op, [whole, net.constant({ dims: [9], data: new Float32Array(9) })]);
          return net.add('Cast', [same], { SrcT: attr.type('DT_BOOL'), DstT: attr.type('DT_FLOAT') });
        },
      },
    ]),
  ),
  Pow: {
    dims: matrix,
    build: (net, x) => net.add('Pow', [net.add('Abs', [x]), net.float(2.5)]),
  },
  LeakyRelu: { dims: picture, build: (net, x) => net.add('LeakyRelu', [x], { alpha: attr.float(0.3) }) },
  Prelu: { dims: picture, build: (net, x) => net.add('Prelu', [x, net.constant(weight([1, 1, 4]))]) },
  'Softmax of a picture': { dims: picture, build: (net, x) => net.add('Softmax', [x]) },
  LogSoftmax: { dims: matrix, build: (net, x) => net.add('LogSoftmax', [x]) },
  ClipByValue: {
    dims: matrix,
    build: (net, x) => net.add('ClipByValue', [x, net.float(-0.25), net.float(0.5)]),
  },
  'clamps of clamps': {
    dims: matrix,
    scale: 10,
    build: (net, x) => {
      const relu = net.add('Relu', [x]);
      const upper = net.add('Minimum', [relu, net.float(6)]);
      return [relu, net.add('Maximum', [net.float(1), upper])];
    },
  },
  AddN: { dims: matrix, build: (net, x) => net.add('AddN', [x, x, net.constant(weight([1, 12]))]) },
  Select: {
    dims: matrix,
    build: (net, x) => {
      const above = net.add('Greater', [x, net.float(0)]);
      return net.add('SelectV2', [above, x, net.constant(weight([1, 12]))]);
    },
  },
  'integers divided': {
    dims: matrix,
    scale: 40,
    build: (net, x) => {
      const whole = net.add('Cast', [x], { SrcT: attr.type('DT_FLOAT'), DstT: attr.type('DT_INT32') });
      return [net.add('FloorDiv', [whole, net.int(7)]), net.add('FloorMod', [whole, net.int(7)])];
    },
  },
});
