import type { Rank, Tensor, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import type { Range } from '../../compiler/calibrate.ts';
import type { TensorFlow } from '../backend.ts';
import { batches, type Examples } from '../examples.ts';
import type { Chain, Link } from './chain.ts';

type Shape4D = [number, number, number, number];

/** The least and greatest numbers of the input, then of what each link gives, while the chain runs on examples. */
export function rangesOf({ core }: TensorFlow, chain: Chain, examples: Examples): Range[] {
  const ranges = Array.from({ length: chain.links.length + 1 }, () => ({ min: Infinity, max: -Infinity }));
  for (const { inputs } of batches(examples, 64)) {
    core.tidy(() => {
      let value: Tensor = core.tensor(inputs.data, [...inputs.shape]);
      for (const [i, range] of ranges.entries()) {
        const link = chain.links[i - 1];
        if (link) value = run(core, link, value);
        range.min = Math.min(range.min, core.min(value).dataSync()[0] ?? 0);
        range.max = Math.max(range.max, core.max(value).dataSync()[0] ?? 0);
      }
    });
  }
  return ranges;
}

function run(core: TensorFlow['core'], link: Link, input: Tensor): Tensor {
  const x = input as Tensor4D;
  switch (link.kind) {
    case 'conv':
    case 'depthwise': {
      const filter = core.tensor<Rank.R4>(link.filter.data, [...link.filter.shape] as Shape4D);
      const strides: [number, number] = [...link.strides];
      const product =
        link.kind === 'conv'
          ? core.conv2d(x, filter, strides, link.padding)
          : core.depthwiseConv2d(x, filter, strides, link.padding);
      return fused(core, link.fused, core.add(product, core.tensor1d(link.bias)));
    }
    case 'dense': {
      const product = core.matMul(
        input as Tensor2D,
        core.tensor<Rank.R2>(link.filter.data, [...link.filter.shape] as [number, number]),
      );
      return fused(core, link.fused, core.add(product, core.tensor1d(link.bias)));
    }
    case 'maxPool':
      return core.maxPool(x, [...link.size], [...link.strides], link.padding);
    case 'averagePool':
      return core.avgPool(x, [...link.size], [...link.strides], link.padding);
    case 'reshape':
      return core.reshape(input, [-1, ...link.output]);
    case 'enlarge':
      return core.image.resizeNearestNeighbor(x, [link.output[0] ?? 1, link.output[1] ?? 1]);
    case 'mean':
      return core.mean(input, [1, 2]);
    case 'softmax':
    case 'sigmoid':
    case 'tanh':
    case 'relu':
    case 'relu6':
      return core[link.kind](input);
  }
}

function fused(core: TensorFlow['core'], activation: 'none' | 'relu' | 'relu6', value: Tensor): Tensor {
  return activation === 'none' ? value : core[activation](value);
}
