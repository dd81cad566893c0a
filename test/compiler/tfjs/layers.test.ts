import * as core from '@tensorflow/tfjs-core';
import {
  input,
  type LayersModel,
  layers,
  model,
  type SymbolicTensor,
  sequential,
} from '@tensorflow/tfjs-layers';
import { describe, expect, it } from 'vitest';
import { importTfjs } from '../../../src/compiler/tfjs/import.ts';
import { computeOn } from '../../support/compute-on.ts';
import { type Feeds, noise, run, saveModel, type Weight, worst } from './models.ts';

computeOn('cpu');

/** Every layer, of which the types know no common name. */
type Layer = Parameters<ReturnType<typeof sequential>['add']>[0];

const picture = [8, 6, 4];
const row = [10];
const signal = [12, 3];

/** A layer, and the shape of what it is given, without the batch. */
const alone: Readonly<Record<string, readonly [readonly number[], () => Layer]>> = {
  'Dense of rows': [row, () => layers.dense({ units: 5, activation: 'relu' })],
  'Dense of pictures, without a bias': [picture, () => layers.dense({ units: 3, useBias: false })],
  Conv2D: [picture, () => layers.conv2d({ filters: 5, kernelSize: 3, activation: 'relu6' })],
  'Conv2D of strides': [
    picture,
    () => layers.conv2d({ filters: 5, kernelSize: [3, 2], strides: 2, padding: 'same', useBias: false }),
  ],
  'Conv2D dilated': [
    picture,
    () => layers.conv2d({ filters: 2, kernelSize: 3, dilationRate: 2, padding: 'same' }),
  ],
  DepthwiseConv2D: [
    picture,
    () => layers.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2, padding: 'same', activation: 'elu' }),
  ],
  SeparableConv2D: [
    picture,
    () =>
      layers.separableConv2d({ filters: 6, kernelSize: 3, depthMultiplier: 2, strides: 2, padding: 'same' }),
  ],
  Conv2DTranspose: [
    picture,
    () => layers.conv2dTranspose({ filters: 3, kernelSize: 3, strides: 2, padding: 'same' }),
  ],
  'Conv2DTranspose, valid': [
    picture,
    () =>
      layers.conv2dTranspose({ filters: 3, kernelSize: 4, strides: 3, padding: 'valid', activation: 'tanh' }),
  ],
  Conv1D: [signal, () => layers.conv1d({ filters: 5, kernelSize: 3, padding: 'same', activation: 'selu' })],
  'BatchNormalization of pictures': [picture, () => layers.batchNormalization()],
  'BatchNormalization of rows': [row, () => layers.batchNormalization({ scale: false, center: false })],
  'BatchNormalization of signals': [signal, () => layers.batchNormalization({ epsilon: 0.01 })],
  MaxPooling2D: [picture, () => layers.maxPooling2d({ poolSize: 3, strides: 2, padding: 'same' })],
  AveragePooling2D: [
    picture,
    () => layers.averagePooling2d({ poolSize: [3, 2], strides: 1, padding: 'same' }),
  ],
  MaxPooling1D: [signal, () => layers.maxPooling1d({ poolSize: 2 })],
  AveragePooling1D: [signal, () => layers.averagePooling1d({ poolSize: 3, strides: 2, padding: 'same' })],
  GlobalAveragePooling2D: [picture, () => layers.globalAveragePooling2d({})],
  GlobalMaxPooling2D: [picture, () => layers.globalMaxPooling2d({})],
  GlobalAveragePooling1D: [signal, () => layers.globalAveragePooling1d()],
  GlobalMaxPooling1D: [signal, () => layers.globalMaxPooling1d()],
  Flatten: [picture, () => layers.flatten()],
  Reshape: [picture, () => layers.reshape({ targetShape: [4, -1, 8] })],
  Permute: [picture, () => layers.permute({ dims: [3, 1, 2] })],
  RepeatVector: [row, () => layers.repeatVector({ n: 4 })],
  Dropout: [row, () => layers.dropout({ rate: 0.5 })],
  SpatialDropout1D: [signal, () => layers.spatialDropout1d({ rate: 0.5 })],
  GaussianNoise: [row, () => layers.gaussianNoise({ stddev: 1 })],
  ZeroPadding2D: [
    picture,
    () =>
      layers.zeroPadding2d({
        padding: [
          [1, 2],
          [0, 3],
        ],
      }),
  ],
  Cropping2D: [
    picture,
    () =>
      layers.cropping2D({
        cropping: [
          [1, 2],
          [0, 3],
        ],
      }),
  ],
  'UpSampling2D nearest': [picture, () => layers.upSampling2d({ size: [2, 3] })],
  'UpSampling2D bilinear': [picture, () => layers.upSampling2d({ size: [2, 2], interpolation: 'bilinear' })],
  ReLU: [picture, () => layers.reLU({ maxValue: 0.4 })],
  LeakyReLU: [picture, () => layers.leakyReLU({ alpha: 0.2 })],
  PReLU: [picture, () => layers.prelu({ sharedAxes: [1, 2] })],
  'PReLU of every number': [picture, () => layers.prelu()],
  ELU: [picture, () => layers.elu()],
  ThresholdedReLU: [picture, () => layers.thresholdedReLU({ theta: 0.3 })],
  Softmax: [row, () => layers.softmax()],
  Rescaling: [picture, () => layers.rescaling({ scale: 1 / 128, offset: -1 })],
  ...Object.fromEntries(
    (
      [
        ...[
          'elu',
          'hardSigmoid',
          'linear',
          'mish',
          'relu',
          'relu6',
          'selu',
          'sigmoid',
          'softmax',
          'softplus',
        ],
        ...['softsign', 'swish', 'tanh', 'gelu'],
      ] as const
    ).map((activation) => [
      `Activation ${activation}`,
      [picture, () => layers.activation({ activation: activation as 'elu' })],
    ]),
  ),
};

/** Functional models: layers that merge, that are used twice, and models within models. */
const merged: Readonly<Record<string, (a: SymbolicTensor, b: SymbolicTensor) => SymbolicTensor>> = {
  Add: (a, b) => layers.add().apply([a, b]) as SymbolicTensor,
  Multiply: (a, b) => layers.multiply().apply([a, b]) as SymbolicTensor,
  Average: (a, b) => layers.average().apply([a, b, a]) as SymbolicTensor,
  Maximum: (a, b) => layers.maximum().apply([a, b]) as SymbolicTensor,
  Minimum: (a, b) => layers.minimum().apply([a, b]) as SymbolicTensor,
  'Concatenate of channels': (a, b) => layers.concatenate().apply([a, b]) as SymbolicTensor,
  'Concatenate of rows': (a, b) => layers.concatenate({ axis: 1 }).apply([a, b]) as SymbolicTensor,
  'a layer used twice': (a, b) => {
    const shared = layers.conv2d({ filters: 3, kernelSize: 1 });
    const uses = [shared.apply(a), shared.apply(b)] as SymbolicTensor[];
    return layers.add().apply(uses) as SymbolicTensor;
  },
  'a model used twice': (a, b) => {
    const inner = sequential({
      layers: [
        layers.conv2d({ filters: 4, kernelSize: 3, inputShape: [8, 6, 4] }),
        layers.batchNormalization(),
        layers.activation({ activation: 'relu' }),
      ],
    });
    const uses = [inner.apply(a), inner.apply(b)] as SymbolicTensor[];
    return layers.concatenate().apply(uses) as SymbolicTensor;
  },
};

async function saved(network: LayersModel): Promise<string> {
  const weights: Record<string, Weight> = {};
  for (const [i, weight] of network.weights.entries()) {
    const dims = weight.shape.map(Number);
    // Variances are above 0.
    const numbers = noise(dims, i + 1).map((each) =>
      /variance/.test(weight.name) ? Math.abs(each) + 0.1 : each,
    );
    weight.write(core.tensor(numbers, dims));
    weights[weight.originalName] = { dims, data: numbers };
  }
  return saveModel(network.toJSON(null, false), weights);
}

async function compare(network: LayersModel): Promise<void> {
  const { graph } = await importTfjs(await saved(network));
  const given = network.inputs.map(({ shape }, i) => {
    const dims = [3, ...shape.slice(1).map(Number)];
    return { dims, data: noise(dims, 50 + i) };
  });
  const feeds: Feeds = Object.fromEntries(
    graph.inputs.map(({ name }, i) => [
      name,
      { type: 'float32', dims: given[i]?.dims ?? [], data: given[i]?.data ?? new Float32Array() },
    ]),
  );
  const actual = Object.values(await run(graph, feeds));
  const tensors = given.map(({ dims, data }) => core.tensor(data, dims));
  const expected = [network.predictOnBatch(tensors)].flat();
  expect(actual.map(({ dims }) => dims)).toEqual(expected.map(({ shape }) => shape));
  for (const [i, output] of expected.entries()) {
    const numbers = { dims: output.shape, data: (await output.data()) as Float32Array };
    expect(worst(actual[i], numbers)).toBeLessThan(1e-5);
  }
  core.dispose([...tensors, ...expected]);
}

describe('layers of Keras answer as in TensorFlow.js', () => {
  it.each(Object.entries(alone))('%s', async (_, [shape, make]) => {
    const first = layers.inputLayer({ inputShape: [...shape] });
    await compare(sequential({ layers: [first as unknown as Layer, make()] }));
  });

  it.each(Object.entries(merged))('%s', async (_, merge) => {
    const [a, b] = [input({ shape: picture, name: 'a' }), input({ shape: picture, name: 'b' })];
    await compare(model({ inputs: [a, b], outputs: merge(a, b) }));
  });

  it('several outputs, one of them in the middle', async () => {
    const x = input({ shape: row, name: 'x' });
    const middle = layers.dense({ units: 6, activation: 'relu', name: 'middle' }).apply(x) as SymbolicTensor;
    const end = layers
      .dense({ units: 2, activation: 'softmax', name: 'end' })
      .apply(middle) as SymbolicTensor;
    await compare(model({ inputs: x, outputs: [end, middle] }));
  });

  it('Embedding', async () => {
    const table = layers.embedding({ inputDim: 7, outputDim: 3, inputLength: 4, name: 'table' });
    const network = sequential({ layers: [table] });
    const { graph } = await importTfjs(await saved(network));
    const data = Float32Array.of(0, 6, 3, 3, 1, 2, 4, 5);
    const [name = ''] = graph.inputs.map((each) => each.name);
    const [actual] = Object.values(await run(graph, { [name]: { type: 'float32', dims: [2, 4], data } }));
    const expected = [network.predictOnBatch(core.tensor(data, [2, 4]))].flat()[0];
    expect(worst(actual, { dims: [2, 4, 3], data: expected?.dataSync() as Float32Array })).toBe(0);
  });
});
