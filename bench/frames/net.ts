/** A net of the shape of MobileNetV2 with random weights, in the forms that the contenders run. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';
import type { Sample } from '../../src/compiler/calibrate.ts';
import { compile } from '../../src/compiler/compile.ts';
import { openSession } from '../../src/compiler/runtime.ts';
import { writeBundle } from '../../src/models/bundle.ts';
import { decode } from '../../src/models/child/decode.ts';
import { resize } from '../../src/models/child/resize.ts';
import { side } from './size.ts';

const classes = 1000;
/** Expansion, channels, blocks, stride of the first: table 2 of https://arxiv.org/abs/1801.04381. */
const stages = [
  [1, 16, 1, 1],
  [6, 24, 2, 2],
  [6, 32, 3, 2],
  [6, 64, 4, 2],
  [6, 96, 3, 1],
  [6, 160, 3, 2],
  [6, 320, 1, 1],
] as const;
/** As the net was trained: bytes become -1 to 1. */
const preprocessing = { mean: 127.5, std: 127.5 };

export interface Net {
  /** The folder of a layers model of TensorFlow.js. */
  readonly tfjs: string;
  /** Float, `[N, 224, 224, 3]` float32 in. */
  readonly float: string;
  readonly bundle: string;
  /** int8, or float where that is faster on this processor. */
  readonly form: string;
}

/** @param pictures JPEG to calibrate with. */
export async function makeNet(folder: string, pictures: readonly Buffer[]): Promise<Net> {
  const tfjs = join(folder, 'tfjs');
  await saveTo(tfjs, await mobileNetV2());
  const float = join(folder, 'float.onnx');
  await writeFile(float, (await compile({ path: tfjs })).file);
  const samples = await Promise.all(pictures.map(bytesOf));
  const { file, report } = await compile({
    path: tfjs,
    preprocessing,
    quantize: 'int8',
    calibration: ([input]) => ({
      async *[Symbol.asyncIterator]() {
        for (const data of samples) yield sampleOf(input?.name ?? '', data);
      },
    }),
    quantization: { method: 'min-max', checks: 2 },
  });
  const bundle = join(folder, 'net.bundle');
  await bundled(bundle, file, pictures[0] ?? Buffer.alloc(0));
  return { tfjs, float, bundle, form: report.form };
}

async function mobileNetV2(): Promise<layers.LayersModel> {
  await tf.setBackend('cpu');
  const conv = (filters: number, kernelSize: number, strides = 1) =>
    layers.layers.conv2d({
      filters,
      kernelSize,
      strides,
      padding: 'same',
      kernelInitializer: layers.initializers.heNormal({ seed: filters + kernelSize }),
    });
  const relu6 = () => layers.layers.reLU({ maxValue: 6 });
  const then = (value: layers.SymbolicTensor, ...parts: layers.layers.Layer[]) =>
    parts.reduce((from, part) => part.apply(from) as layers.SymbolicTensor, value);

  const picture = layers.input({ shape: [side, side, 3] });
  let value = then(picture, conv(32, 3, 2), relu6());
  let channels = 32;
  for (const [expansion, filters, blocks, stride] of stages) {
    for (let block = 0; block < blocks; block++) {
      const strides = block === 0 ? stride : 1;
      const depthwise = layers.layers.depthwiseConv2d({
        kernelSize: 3,
        strides,
        padding: 'same',
        depthwiseInitializer: layers.initializers.heNormal({ seed: filters }),
      });
      const wide = expansion === 1 ? value : then(value, conv(channels * expansion, 1), relu6());
      const narrow = then(wide, depthwise, relu6(), conv(filters, 1));
      const residual = strides === 1 && filters === channels;
      value = residual ? (layers.layers.add().apply([value, narrow]) as layers.SymbolicTensor) : narrow;
      channels = filters;
    }
  }
  const scores = then(
    value,
    conv(1280, 1),
    relu6(),
    layers.layers.globalAveragePooling2d({}),
    layers.layers.dense({ units: classes, activation: 'softmax' }),
  );
  return layers.model({ inputs: picture, outputs: scores });
}

async function saveTo(folder: string, model: layers.LayersModel): Promise<void> {
  await mkdir(folder, { recursive: true });
  await model.save({
    async save({ modelTopology, weightSpecs, weightData }) {
      const weights = [weightData ?? new ArrayBuffer(0)].flat();
      await writeFile(join(folder, 'weights.bin'), Buffer.concat(weights.map((part) => Buffer.from(part))));
      const weightsManifest = [{ paths: ['weights.bin'], weights: weightSpecs }];
      const text = JSON.stringify({ format: 'layers-model', modelTopology, weightsManifest });
      await writeFile(join(folder, 'model.json'), text);
      return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: 'JSON' } };
    },
  });
}

async function bundled(path: string, graph: Uint8Array, jpeg: Buffer): Promise<void> {
  const session = await openSession(graph, { threads: 1 });
  const [input, output] = [session.inputNames[0] ?? '', session.outputNames[0] ?? ''];
  const answer = (await session.run(sampleOf(input, await bytesOf(jpeg))))[output];
  await session.close();
  await writeBundle(
    {
      format: 1,
      name: 'net',
      version: '1.0.0',
      task: 'classify',
      graph: 'net.onnx',
      inputs: {
        [input]: {
          kind: 'picture',
          width: side,
          height: side,
          colour: 'rgb',
          layout: 'nhwc',
          type: 'uint8',
          resize: 'fill',
        },
      },
      outputs: { [output]: { kind: 'classes', activation: 'none', top: 5 } },
      labels: Array.from({ length: classes }, (_, label) => String(label)),
      golden: {
        samples: [
          {
            inputs: { [input]: 'golden.jpg' },
            outputs: { [output]: Array.from(answer?.type === 'float32' ? answer.data : []) },
            tolerance: 0.02,
          },
        ],
      },
    },
    { 'net.onnx': graph, 'golden.jpg': jpeg },
    path,
  );
}

/** As the model's process makes it of a JPEG. */
async function bytesOf(data: Buffer): Promise<Uint8Array> {
  const pixels = await decode({ data, format: 'jpeg', raw: undefined, region: undefined }, 'rgb', 2 ** 24);
  const bytes = new Uint8Array(side * side * 3);
  resize(pixels, undefined, { width: side, height: side, resize: 'fill', colour: 'rgb' }, bytes, 0);
  return bytes;
}

function sampleOf(input: string, data: Uint8Array): Sample {
  return { [input]: { type: 'uint8', dims: [1, side, side, 3], data } };
}
