import type { Sequential } from '@tensorflow/tfjs-layers';
import type { TensorFlow } from './backend.ts';
import { seededDropout } from './dropout.ts';
import type { SeededRandom } from './random.ts';

export interface NetworkOptions {
  readonly tensorflow: TensorFlow;
  /** Of the first weights. */
  readonly seed: number;
  /** What dropout draws from. */
  readonly noise: SeededRandom;
}

export interface PictureNetworkOptions extends NetworkOptions {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly classes: number;
}

/** Names of the input and the output of every net made here, in every format that it is written in. */
export const tensorNames = {
  input: 'image',
  values: 'readings',
  probabilities: 'probabilities',
  reconstruction: 'reconstruction',
} as const;

/** The seed network: `[N, height, width, channels]` of [0, 1] -> 128, with dropout -> `[N, classes]` probabilities. */
export function denseClassifier(options: PictureNetworkOptions): Sequential {
  const { tensorflow, height, width, channels, classes, noise } = options;
  const { layers, sequential } = tensorflow.layers;
  const glorot = initializers(options);
  return sequential({
    layers: [
      layers.inputLayer({ inputShape: [height, width, channels], name: tensorNames.input }),
      layers.flatten({ name: 'flatten' }),
      layers.dense({ units: 128, activation: 'relu', kernelInitializer: glorot(), name: 'hidden' }),
      seededDropout(tensorflow, { rate: 0.2, random: noise, name: 'dropout' }),
      classesLayer(options, classes, glorot()),
    ],
  });
}

/**
 * A small convolutional net: windows at a stride of 2 until a side is at most 7, then as the seed network.
 * Strides instead of pools take a quarter of the time to train and as long to run.
 */
export function convolutionalClassifier(options: PictureNetworkOptions): Sequential {
  const { tensorflow, height, width, channels, classes, noise } = options;
  const { layers, sequential } = tensorflow.layers;
  const glorot = initializers(options);
  const net = sequential({
    layers: [layers.inputLayer({ inputShape: [height, width, channels], name: tensorNames.input })],
  });
  let side = Math.max(height, width);
  for (let block = 1; side > 7 || block === 1; block++) {
    net.add(
      layers.conv2d({
        filters: Math.min(64, 8 << block),
        kernelSize: block === 1 ? 5 : 3,
        strides: 2,
        padding: 'same',
        activation: 'relu',
        kernelInitializer: glorot(),
        name: `convolution${block}`,
      }),
    );
    side = Math.ceil(side / 2);
  }
  net.add(layers.flatten({ name: 'flatten' }));
  net.add(layers.dense({ units: 64, activation: 'relu', kernelInitializer: glorot(), name: 'hidden' }));
  net.add(seededDropout(tensorflow, { rate: 0.3, random: noise, name: 'dropout' }));
  net.add(classesLayer(options, classes, glorot()));
  return net;
}

type Initializer = ReturnType<TensorFlow['layers']['initializers']['glorotUniform']>;

/** Initial weights, of each layer others. */
export function initializers({ tensorflow, seed }: NetworkOptions): () => Initializer {
  let count = 0;
  return () => tensorflow.layers.initializers.glorotUniform({ seed: seed + ++count });
}

function classesLayer({ tensorflow }: NetworkOptions, units: number, kernelInitializer: Initializer) {
  const name = tensorNames.probabilities;
  return tensorflow.layers.layers.dense({ units, activation: 'softmax', kernelInitializer, name });
}
