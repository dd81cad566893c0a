import type { Sequential } from '@tensorflow/tfjs-layers';
import { initializers, type NetworkOptions, tensorNames } from './networks.ts';

export interface AutoencoderOptions extends NetworkOptions {
  /** Of what goes in and is to come out again, without the batch. */
  readonly shape: readonly number[];
  /** Numbers, or channels of a picture, that it is squeezed into. */
  readonly code: number;
}

/** `[N, ...shape]` -> 64 -> `code` -> 64 -> `[N, ...shape]`, of any numbers. */
export function denseAutoencoder(options: AutoencoderOptions): Sequential {
  const { tensorflow, shape, code } = options;
  const { layers, sequential } = tensorflow.layers;
  const glorot = initializers(options);
  const size = shape.reduce((product, each) => product * each, 1);
  const dense = (name: string, units: number, activation: 'relu' | 'linear') =>
    layers.dense({ name, units, activation, kernelInitializer: glorot() });
  return sequential({
    layers: [
      layers.inputLayer({ inputShape: [...shape], name: tensorNames.values }),
      layers.flatten({ name: 'flatten' }),
      dense('encoder', 64, 'relu'),
      dense('code', code, 'linear'),
      dense('decoder', 64, 'relu'),
      dense('values', size, 'linear'),
      layers.reshape({ targetShape: [...shape], name: tensorNames.reconstruction }),
    ],
  });
}

/** `[N, height, width, channels]` of [0, 1], sides multiples of 8 -> an eighth of each side -> the same. */
export function convolutionalAutoencoder(options: AutoencoderOptions): Sequential {
  const { tensorflow, shape, code } = options;
  const { layers, sequential } = tensorflow.layers;
  const glorot = initializers(options);
  const channels = shape.at(-1) ?? 1;
  const net = sequential({
    layers: [layers.inputLayer({ inputShape: [...shape], name: tensorNames.input })],
  });
  const convolution = (
    name: string,
    filters: number,
    strides: number,
    activation: 'relu' | 'sigmoid' | 'linear',
  ) => {
    const kernelInitializer = glorot();
    net.add(
      layers.conv2d({
        name,
        filters,
        kernelSize: 3,
        strides,
        padding: 'same',
        activation,
        kernelInitializer,
      }),
    );
  };
  convolution('encoder1', 16, 2, 'relu');
  convolution('encoder2', 32, 2, 'relu');
  convolution('code', code, 2, 'linear');
  for (const [i, filters] of [32, 16, 16].entries()) {
    net.add(layers.upSampling2d({ size: [2, 2], name: `upsampling${i + 1}` }));
    convolution(`decoder${i + 1}`, filters, 1, 'relu');
  }
  convolution(tensorNames.reconstruction, channels, 1, 'sigmoid');
  return net;
}
