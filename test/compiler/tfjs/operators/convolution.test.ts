import { type Case, picture, strides, testCases, weight } from '../case.ts';
import { attr, noise } from '../models.ts';

const convolutionCases: Record<string, Case> = {};
for (const padding of ['SAME', 'VALID']) {
  for (const stride of [1, 2]) {
    convolutionCases[`Conv2D ${padding} ${stride}`] = {
      dims: picture,
      build: (net, x) =>
        net.add('Conv2D', [x, net.constant(weight([3, 2, 4, 8]))], {
          strides: strides(stride),
          dilations: strides(1),
          padding: attr.text(padding),
        }),
    };
    convolutionCases[`DepthwiseConv2dNative ${padding} ${stride}`] = {
      dims: picture,
      build: (net, x) =>
        net.add('DepthwiseConv2dNative', [x, net.constant(weight([3, 3, 4, 2]))], {
          strides: strides(stride),
          padding: attr.text(padding),
          dilations: strides(1),
        }),
    };
    for (const op of ['MaxPool', 'AvgPool']) {
      convolutionCases[`${op} ${padding} ${stride}`] = {
        dims: picture,
        build: (net, x) =>
          net.add(op, [x], { ksize: strides(3), strides: strides(stride), padding: attr.text(padding) }),
      };
    }
    convolutionCases[`Conv2DBackpropInput ${padding} ${stride}`] = {
      dims: picture,
      build: (net, x) => {
        const grown = (side: number, kernel: number) =>
          padding === 'SAME' ? side * stride : side * stride + Math.max(0, kernel - stride);
        const size = net.ints(1, grown(6, 3), grown(5, 3), 2);
        return net.add('Conv2DBackpropInput', [size, net.constant(weight([3, 3, 2, 4])), x], {
          strides: strides(stride),
          padding: attr.text(padding),
        });
      },
    };
  }
}

const fused = (activation: readonly string[], more: Record<string, unknown> = {}): Case => ({
  dims: picture,
  build: (net, x) => {
    const inputs = [x, net.constant(weight([1, 1, 4, 6])), net.constant(weight([6]))];
    if (activation.includes('Prelu')) inputs.push(net.constant(weight([6], 3)));
    return net.add('_FusedConv2D', inputs, {
      strides: strides(1),
      padding: attr.text('VALID'),
      num_args: attr.int(inputs.length - 2),
      fused_ops: attr.texts('BiasAdd', ...activation),
      ...more,
    });
  },
});

testCases({
  ...convolutionCases,
  'Conv2D dilated': {
    dims: [1, 9, 9, 2],
    build: (net, x) =>
      net.add('Conv2D', [x, net.constant(weight([3, 3, 2, 3]))], {
        strides: strides(1),
        dilations: strides(2),
        padding: attr.text('SAME'),
      }),
  },
  'Conv2D with explicit padding': {
    dims: picture,
    build: (net, x) =>
      net.add('Conv2D', [x, net.constant(weight([3, 3, 4, 3]))], {
        strides: strides(2),
        dilations: strides(1),
        padding: attr.text('EXPLICIT'),
        explicit_paddings: attr.ints(0, 0, 1, 2, 0, 1, 0, 0),
      }),
  },
  'dilated through blocks': {
    dims: [1, 7, 6, 3],
    build: (net, x) => {
      const pads = net.constant({ dims: [2, 2], data: Int32Array.of(2, 3, 2, 2) });
      const crops = net.constant({ dims: [2, 2], data: Int32Array.of(0, 1, 0, 0) });
      const blocks = net.add('SpaceToBatchND', [x, net.ints(2, 2), pads]);
      const convolved = net.add('Conv2D', [blocks, net.constant(weight([3, 3, 3, 4]))], {
        strides: strides(1),
        dilations: strides(1),
        padding: attr.text('VALID'),
      });
      return net.add('BatchToSpaceND', [convolved, net.ints(2, 2), crops]);
    },
  },
  _FusedConv2D: fused([]),
  '_FusedConv2D Relu': fused(['Relu']),
  '_FusedConv2D Relu6': fused(['Relu6']),
  '_FusedConv2D Elu': fused(['Elu']),
  '_FusedConv2D Sigmoid': fused(['Sigmoid']),
  '_FusedConv2D Prelu': fused(['Prelu']),
  '_FusedConv2D LeakyRelu': fused(['LeakyRelu'], { leakyrelu_alpha: attr.float(0.1) }),
  FusedBatchNormV3: {
    dims: picture,
    build: (net, x) => {
      const moments = [1, 2, 3].map((seed) => net.constant(weight([4], seed)));
      const variance = net.constant({ dims: [4], data: noise([4], 9).map((each) => Math.abs(each) + 0.1) });
      return net.add('FusedBatchNormV3', [x, ...moments, variance], { epsilon: attr.float(1e-3) });
    },
  },
});
