import { matrix, picture, testCases, weight } from '../case.ts';
import { attr } from '../models.ts';

testCases({
  GatherV2: {
    dims: picture,
    build: (net, x) => net.add('GatherV2', [x, net.ints(3, 0, 3), net.int(3)]),
  },
  'GatherV2 of a table': {
    dims: matrix,
    build: (net, x) => {
      const best = net.add('ArgMax', [x, net.int(1)]);
      return net.add('GatherV2', [net.constant(weight([12, 3])), best, net.int(0)]);
    },
  },
  OneHot: {
    dims: picture,
    build: (net, x) => {
      const best = net.add('ArgMax', [x, net.int(3)]);
      return net.add('OneHot', [best, net.int(4), net.float(2), net.float(-1)], { axis: attr.int(-1) });
    },
  },
  'computed shapes': {
    dims: picture,
    build: (net, x) => {
      const shape = net.add('Shape', [x]);
      const sides = net.add('StridedSlice', [shape, net.ints(1), net.ints(3), net.ints(1)]);
      const doubled = net.add('Mul', [sides, net.int(2)]);
      return net.add('ResizeBilinear', [x, doubled], { half_pixel_centers: attr.bool(true) });
    },
  },
  'Fill and Range': {
    dims: matrix,
    build: (net, x) => {
      const ramp = net.add('Range', [net.int(0), net.int(12), net.int(1)]);
      const floats = net.add('Cast', [ramp], { SrcT: attr.type('DT_INT32'), DstT: attr.type('DT_FLOAT') });
      const filled = net.add('Fill', [net.ints(1, 12), net.float(0.5)]);
      return net.add('Add', [net.add('Mul', [x, floats]), filled]);
    },
  },
});
