import { describe, expect, it } from 'vitest';
import { liteRtSession } from '../../../bench/compiler/litert.ts';
import { loadTensorFlow } from '../../../src/training/backend.ts';
import type { Examples } from '../../../src/training/examples.ts';
import { seeded } from '../../../src/training/random.ts';
import { exportTflite } from '../../../src/training/tflite/export.ts';

const tensorflow = await loadTensorFlow();
const { core } = tensorflow;
const { layers, sequential, initializers } = tensorflow.layers;
const shape = [12, 10, 3];
const length = 12 * 10 * 3;

/** A net in which every layer that can be written stands once or more. */
function everything() {
  const random = (seed: number) => initializers.randomUniform({ minval: -0.4, maxval: 0.4, seed });
  const positive = initializers.randomUniform({ minval: 0.5, maxval: 1.5, seed: 9 });
  const common = { kernelInitializer: random(1), biasInitializer: random(2) };
  return sequential({
    layers: [
      layers.inputLayer({ inputShape: shape }),
      layers.conv2d({
        filters: 8,
        kernelSize: [3, 2],
        strides: [1, 2],
        padding: 'same',
        activation: 'relu',
        ...common,
      }),
      layers.depthwiseConv2d({
        kernelSize: 3,
        depthMultiplier: 2,
        padding: 'valid',
        depthwiseInitializer: random(3),
        biasInitializer: random(4),
      }),
      layers.batchNormalization({
        gammaInitializer: random(5),
        betaInitializer: random(6),
        movingMeanInitializer: random(7),
        movingVarianceInitializer: positive,
      }),
      layers.activation({ activation: 'tanh' }),
      layers.upSampling2d({ size: [2, 2] }),
      layers.maxPooling2d({ poolSize: [3, 2], strides: [2, 1], padding: 'same' }),
      layers.reLU({ maxValue: 6 }),
      layers.averagePooling2d({ poolSize: 2 }),
      layers.conv2d({ filters: 6, kernelSize: 1, useBias: false, kernelInitializer: random(8) }),
      layers.dropout({ rate: 0.5 }),
      layers.reshape({ targetShape: [3, 5, 6] }),
      layers.globalAveragePooling2d({ dataFormat: 'channelsLast' }),
      layers.dense({ units: 7, activation: 'sigmoid', ...common }),
      layers.dense({ units: 5, ...common }),
      layers.softmax({}),
    ],
  });
}

function inputs(count: number): Float32Array[] {
  const random = seeded(4);
  return Array.from({ length: count }, () => Float32Array.from({ length }, () => random() * 2 - 1));
}

const examples: Examples = {
  count: 60,
  take(indices) {
    const all = inputs(60);
    const data = Float32Array.from([...indices].flatMap((index) => [...(all[index] ?? [])]));
    const rows = { shape: [indices.length, ...shape], data };
    return { inputs: rows, targets: rows };
  },
};

describe('a net of every layer that has a counterpart in TFLite', () => {
  const model = everything();
  const expected = inputs(30).map((each) =>
    core.tidy(() =>
      (model.predict(core.tensor(each, [1, ...shape])) as ReturnType<typeof core.tensor>).dataSync(),
    ),
  );

  it('answers in LiteRT as in TensorFlow.js', async () => {
    const session = await liteRtSession(exportTflite(tensorflow, model));
    expect(session.inputs).toEqual([[1, ...shape]]);
    for (const [i, each] of inputs(30).entries()) {
      const [output] = await session.run([each]);
      for (const [k, value] of (expected[i] ?? new Float32Array()).entries())
        expect(output?.[k]).toBeCloseTo(value, 4);
    }
    session.close();
  });

  it('answers in int8 within a few steps of it', async () => {
    const session = await liteRtSession(exportTflite(tensorflow, model, examples));
    for (const [i, each] of inputs(30).entries()) {
      // The input covers [-1, 1] in 255 steps, a step of which is 2 / 255.
      const bytes = Int8Array.from(each, (value) =>
        Math.max(-128, Math.min(127, Math.round((value * 255) / 2))),
      );
      const [output] = await session.run([bytes]);
      for (const [k, value] of (expected[i] ?? new Float32Array()).entries()) {
        expect(Math.abs((Number(output?.[k]) + 128) / 256 - value)).toBeLessThan(0.03);
      }
    }
    session.close();
  });
});

it.each([
  [
    'an activation',
    () => layers.dense({ units: 2, inputShape: [2], activation: 'elu', name: 'odd' }),
    /relu.*odd.*elu/,
  ],
  ['a layer', () => layers.leakyReLU({ inputShape: [2], name: 'odd' }), /layer odd but received LeakyReLU/],
])('%s without a counterpart is named', (_, layer, message) => {
  const model = sequential({ layers: [layer()] });
  expect(() => exportTflite(tensorflow, model)).toThrow(
    expect.objectContaining({ code: 'REQUEST_INVALID', message: expect.stringMatching(message) }),
  );
});
