import { type Case, matrix, picture, testCases, weight } from '../case.ts';
import { attr } from '../models.ts';

testCases({
  Reshape: { dims: picture, build: (net, x) => net.add('Reshape', [x, net.ints(1, -1, 8)]) },
  Transpose: { dims: picture, build: (net, x) => net.add('Transpose', [x, net.ints(0, 3, 1, 2)]) },
  Squeeze: {
    dims: [1, 1, 1, 6],
    build: (net, x) => net.add('Squeeze', [x], { squeeze_dims: attr.ints(1, 2) }),
  },
  ExpandDims: { dims: matrix, build: (net, x) => net.add('ExpandDims', [x, net.int(-1)]) },
  'Pack and Unpack': {
    dims: picture,
    build: (net, x) => {
      const parts = net.add('Unpack', [x], { axis: attr.int(3), num: attr.int(4) });
      return net.add('Pack', [`${parts}:2`, `${parts}:0`], { axis: attr.int(-1) });
    },
  },
  'the batch taken away and put back': {
    dims: picture,
    build: (net, x) => {
      const sample = net.add('Unpack', [x], { axis: attr.int(0), num: attr.int(1) });
      return net.add('Relu', [net.add('Pack', [sample], { axis: attr.int(0) })]);
    },
  },
  ConcatV2: {
    dims: picture,
    build: (net, x) =>
      net.add('ConcatV2', [x, net.constant(weight([1, 6, 5, 2])), x, net.int(3)], {
        N: attr.int(3),
      }),
  },
  Split: {
    dims: picture,
    build: (net, x) => {
      const parts = net.add('Split', [net.int(3), x], { num_split: attr.int(2) });
      return [`${parts}:1`, parts];
    },
  },
  SplitV: {
    dims: picture,
    build: (net, x) => {
      const parts = net.add('SplitV', [x, net.ints(1, -1, 2), net.int(1)], { num_split: attr.int(3) });
      return [parts, `${parts}:1`, `${parts}:2`];
    },
  },
  Slice: {
    dims: picture,
    build: (net, x) => net.add('Slice', [x, net.ints(0, 1, 2, 0), net.ints(1, 3, -1, 2)]),
  },
  'StridedSlice backwards': {
    dims: picture,
    build: (net, x) =>
      net.add('StridedSlice', [x, net.ints(0, 4, 0, -1), net.ints(1, 0, 5, 0), net.ints(1, -2, 2, -1)], {
        begin_mask: attr.int(1),
        end_mask: attr.int(1),
      }),
  },
  // Not with the strides of the case before, which TensorFlow.js takes from the wrong axes then.
  'StridedSlice of a channel': {
    dims: picture,
    build: (net, x) =>
      net.add('StridedSlice', [x, net.ints(0, 1, 0, -1), net.ints(1, 4, 5, 0), net.ints(1, 1, 1, 1)], {
        begin_mask: attr.int(1),
        end_mask: attr.int(1),
        shrink_axis_mask: attr.int(8),
      }),
  },
  'StridedSlice with an ellipsis and a new axis': {
    dims: picture,
    build: (net, x) =>
      net.add('StridedSlice', [x, net.ints(0, 0, 1), net.ints(0, 0, 3), net.ints(1, 1, 1)], {
        ellipsis_mask: attr.int(1),
        new_axis_mask: attr.int(2),
      }),
  },
  ReverseV2: { dims: picture, build: (net, x) => net.add('ReverseV2', [x, net.ints(1, 3)]) },
  Pad: {
    dims: picture,
    build: (net, x) =>
      net.add('Pad', [x, net.constant({ dims: [4, 2], data: Int32Array.of(0, 0, 1, 2, 0, 1, 2, 0) })]),
  },
  PadV2: {
    dims: matrix,
    build: (net, x) => {
      const counts = net.constant({ dims: [2, 2], data: Int32Array.of(0, 0, 1, 2) });
      return net.add('PadV2', [x, counts, net.float(9)]);
    },
  },
  MirrorPad: {
    dims: picture,
    build: (net, x) => {
      const counts = net.constant({ dims: [4, 2], data: Int32Array.of(0, 0, 1, 2, 2, 1, 0, 0) });
      return net.add('MirrorPad', [x, counts], { mode: attr.text('REFLECT') });
    },
  },
  Tile: { dims: picture, build: (net, x) => net.add('Tile', [x, net.ints(1, 2, 1, 3)]) },
  ...Object.fromEntries(
    ['ResizeBilinear', 'ResizeNearestNeighbor'].flatMap((op) =>
      [
        [false, false],
        [true, false],
        [false, true],
      ].map(([corners = false, centres = false]): [string, Case] => [
        `${op}${corners ? ' corners' : ''}${centres ? ' centres' : ''}`,
        {
          dims: picture,
          build: (net, x) =>
            net.add(op, [x, net.ints(13, 8)], {
              align_corners: attr.bool(corners),
              half_pixel_centers: attr.bool(centres),
            }),
        },
      ]),
    ),
  ),
  DepthToSpace: {
    dims: [1, 3, 2, 12],
    build: (net, x) =>
      net.add('DepthToSpace', [x], { block_size: attr.int(2), data_format: attr.text('NHWC') }),
  },
});
