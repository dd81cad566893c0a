import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Graph } from '../../compiler/graph.ts';
import { GraphBuilder } from '../../compiler/graph-builder.ts';
import { writeModel } from '../../compiler/onnx/model.ts';
import { openSession } from '../../compiler/runtime.ts';
import { writeBundle } from '../../models/bundle.ts';
import { type Fitted, inputOf, norm } from './fit.ts';
import type { Affine, Rows } from './linear.ts';

const names = { input: 'window', output: 'expected' };
const goldenCount = 8;

export interface SensorBundle {
  readonly fitted: Fitted;
  /** Windows of which the golden samples are taken. */
  readonly rows: Rows;
  readonly name: string;
  /** Semantic version. */
  readonly version: string;
  readonly description: string;
  readonly license?: string;
  /** What it was learned from, for the accuracy report. */
  readonly dataset: string;
  readonly path: string;
}

/** Writes what was learned as a bundle, with golden samples that the runtime has answered. */
export async function writeSensorBundle(options: SensorBundle): Promise<{ digest: string; bytes: number }> {
  const { fitted, rows, name, version, description, license, dataset, path } = options;
  const { readings, net, threshold, heldOut } = fitted;
  const graph = writeModel(affineGraph(net));
  const inputs = spread(rows, goldenCount).map((row) =>
    Float32Array.from(inputOf(readings, norm(readings, row))),
  );
  const outputs = await answers(graph, inputs);
  const golden = inputs.map((input, i) => ({ file: `golden/${i}.f32`, input, output: outputs[i] ?? [] }));
  await mkdir(dirname(path), { recursive: true });
  return writeBundle(
    {
      format: 1,
      name,
      version,
      task: 'anomaly',
      description,
      ...(license === undefined ? {} : { license }),
      graph: 'net.onnx',
      inputs: { [names.input]: { kind: 'tensor', type: 'float32', shape: [net.weights.rows] } },
      readings,
      outputs: { [names.output]: { kind: 'tensor' } },
      thresholds: { error: threshold },
      golden: {
        samples: golden.map(({ file, output }) => ({
          inputs: { [names.input]: file },
          outputs: { [names.output]: output },
          // Sums of float32 in another order; a wrong weight or scale differs by much more.
          tolerance: 1e-3 * Math.max(1, ...output.map(Math.abs)),
        })),
      },
      quantization: { scheme: 'none', weights: 'float32', activations: 'float32' },
      accuracy: {
        metric: 'share of normal windows under the threshold, held out',
        dataset,
        samples: heldOut.length,
        float: heldOut.filter((error) => error <= threshold).length / heldOut.length,
      },
    },
    { 'net.onnx': graph, ...Object.fromEntries(golden.map(({ file, input }) => [file, bytesOf(input)])) },
    path,
  );
}

/** `[N, inputs]` -> `[N, outputs]` */
function affineGraph({ weights, bias }: Affine): Graph {
  const builder = new GraphBuilder([names.input, names.output]);
  const { rows, columns } = weights;
  const kernel = builder.constant('weights', {
    type: 'float32',
    dims: [rows, columns],
    data: Float32Array.from(weights.data),
  });
  const offset = builder.constant('bias', {
    type: 'float32',
    dims: [columns],
    data: Float32Array.from(bias),
  });
  builder.add('Gemm', [names.input, kernel, offset], { output: names.output });
  return builder.build({
    name: 'normal',
    opsets: { '': 17 },
    inputs: [{ name: names.input, type: 'float32', shape: ['N', rows] }],
    outputs: [{ name: names.output, type: 'float32', shape: ['N', columns] }],
  });
}

async function answers(graph: Uint8Array, inputs: readonly Float32Array[]): Promise<number[][]> {
  const session = await openSession(graph, { threads: 1 });
  try {
    const rows: number[][] = [];
    for (const data of inputs) {
      const { [names.output]: result } = await session.run({
        [names.input]: { type: 'float32', dims: [1, data.length], data },
      });
      rows.push(Array.from(result?.data as Float32Array, (value) => Number(value.toPrecision(7))));
    }
    return rows;
  } finally {
    await session.close();
  }
}

/** Little-endian, as bundles have them on every machine. */
function bytesOf(numbers: Float32Array): Uint8Array {
  const bytes = new Uint8Array(numbers.length * 4);
  const view = new DataView(bytes.buffer);
  for (const [i, value] of numbers.entries()) view.setFloat32(i * 4, value, true);
  return bytes;
}

function spread<T>(all: readonly T[], count: number): T[] {
  const step = all.length / Math.min(count, all.length);
  return Array.from({ length: Math.min(count, all.length) }, (_, i) => all[Math.floor(i * step)]).filter(
    (each) => each !== undefined,
  );
}
