import { randomUUID } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Sequential } from '@tensorflow/tfjs-layers';
import { compile } from '../compiler/compile.ts';
import { importModel } from '../compiler/compile-source.ts';
import type { Graph } from '../compiler/graph.ts';
import { GraphBuilder } from '../compiler/graph-builder.ts';
import { writeModel } from '../compiler/onnx/model.ts';
import { pictureInput } from '../compiler/passes/picture-input.ts';
import { openSession } from '../compiler/runtime.ts';
import { infer } from '../compiler/shapes/infer.ts';
import { GatewayError } from '../errors.ts';
import type { InputSpec, Part } from './dataset.ts';
import { predict } from './evaluate.ts';
import { initializers, type NetworkOptions, tensorNames } from './networks.ts';
import type { Backbone } from './recipe.ts';

/** A frozen net that ends in features, as its format was imported: what was done to pictures is not part of it. */
export interface FrozenNet {
  readonly graph: Graph;
  /** Of its features: `[N, length]`. */
  readonly length: number;
  readonly input: Extract<InputSpec, { kind: 'picture' }>;
}

const featuresName = 'features';
const products = new Set(['Gemm', 'MatMul', 'Conv']);

/**
 * The backbone up to its features, flattened or, where they are a picture, averaged over it.
 * @throws COMPILE_FAILED if it cannot be imported or has no such value, REQUEST_INVALID if it takes no pictures.
 */
export async function openBackbone({ path, preprocessing, features }: Backbone): Promise<FrozenNet> {
  const { graph } = await importModel(path);
  const picture = pictureInput(graph, preprocessing?.layout);
  if (!picture?.width || !picture.height) {
    throw new GatewayError(
      'REQUEST_INVALID',
      `Expected a net that takes pictures for --backbone but received ${path}`,
    );
  }
  const { type } = graph.inputs.find(({ name }) => name === picture.name) ?? {};
  if (preprocessing === undefined && type !== 'uint8') {
    throw new GatewayError(
      'REQUEST_INVALID',
      `Expected --mean, --std or --scale (1 where bytes go in as they are) for a --backbone that takes ${type} but received none`,
    );
  }
  const value = featuresValue(graph, features);
  const dims =
    infer({ ...graph, outputs: [...graph.outputs, { name: value }] })
      .get(value)
      ?.shape?.slice(1) ?? [];
  if (!dims.every((size) => typeof size === 'number') || dims.length === 0) {
    throw new GatewayError(
      'COMPILE_FAILED',
      `Expected fixed sizes for features ${value} but received [${dims}]`,
    );
  }
  const taken = [...graph.nodes.flatMap((node) => node.outputs), ...graph.inputs.map(({ name }) => name)];
  const builder = new GraphBuilder([...taken, featuresName, tensorNames.probabilities]);
  for (const [name, tensor] of graph.initializers) builder.constant(name, tensor);
  for (const node of graph.nodes) builder.push(node);
  const spatial = dims.length === 3;
  const pooled = spatial ? builder.add('GlobalAveragePool', [value]) : value;
  builder.add('Flatten', [pooled], { attributes: { axis: { int: 1 } }, output: featuresName });
  const length = spatial
    ? Number(dims[0])
    : dims.reduce((product: number, size) => product * Number(size), 1);
  const { width, height, channels } = picture;
  return {
    graph: builder.build({
      name: 'backbone',
      opsets: graph.opsets,
      inputs: graph.inputs,
      outputs: [{ name: featuresName, type: 'float32', shape: ['N', length] }],
    }),
    length,
    input: { kind: 'picture', width, height, colour: channels === 1 ? 'grey' : 'rgb', resize: 'fill' },
  };
}

/** The features of all pictures of a part, computed once by the runtime of the gateway. */
export async function featuresPart(
  net: FrozenNet,
  backbone: Backbone,
  part: Part,
  signal?: AbortSignal,
): Promise<Part> {
  const file = await compiled(net, backbone);
  const session = await openSession(file, { threads: 2 });
  try {
    const rows: Float32Array[] = [];
    // In steps, between which a signal gets in.
    for (let from = 0; from < part.count; from += 32) {
      signal?.throwIfAborted();
      const count = Math.min(32, part.count - from);
      rows.push(...(await predict(session, { count, feed: (a, b) => part.feed(from + a, from + b) })));
    }
    const labels = part.labels ?? new Uint16Array();
    return {
      ...part,
      examples: () => ({
        count: part.count,
        take(indices) {
          const data = new Float32Array(indices.length * net.length);
          for (const [i, index] of indices.entries()) data.set(rows[index] ?? [], i * net.length);
          const targets = Float32Array.from(indices, (index) => labels[index] ?? 0);
          return {
            inputs: { shape: [indices.length, net.length], data },
            targets: { shape: [indices.length], data: targets },
          };
        },
      }),
    };
  } finally {
    await session.close();
  }
}

/** `[N, length]` features -> `[N, classes]` probabilities. */
export function headClassifier(
  options: NetworkOptions & { readonly length: number; readonly classes: number },
): Sequential {
  const { layers, sequential } = options.tensorflow.layers;
  const [kernelInitializer, name] = [initializers(options)(), tensorNames.probabilities];
  return sequential({
    layers: [
      layers.inputLayer({ inputShape: [options.length], name: featuresName }),
      layers.dense({ units: options.classes, activation: 'softmax', kernelInitializer, name }),
    ],
  });
}

/** The backbone with the trained head on it, as an ONNX file. */
export function withHead({ graph }: FrozenNet, head: Sequential): Uint8Array {
  const taken = [...graph.nodes.flatMap((node) => node.outputs), ...graph.inputs.map(({ name }) => name)];
  const builder = new GraphBuilder([...taken, tensorNames.probabilities]);
  for (const [name, tensor] of graph.initializers) builder.constant(name, tensor);
  for (const node of graph.nodes) builder.push(node);
  const weights = head.getWeights().map((weight, i) =>
    builder.constant(i === 0 ? 'head_kernel' : 'head_bias', {
      type: 'float32',
      dims: weight.shape,
      data: Float32Array.from(weight.dataSync()),
    }),
  );
  const logits = builder.add('Gemm', [featuresName, ...weights]);
  builder.add('Softmax', [logits], { attributes: { axis: { int: -1 } }, output: tensorNames.probabilities });
  const classes = head.getWeights()[1]?.size ?? 0;
  return writeModel(
    builder.build({
      name: 'classifier',
      opsets: graph.opsets,
      inputs: graph.inputs,
      outputs: [{ name: tensorNames.probabilities, type: 'float32', shape: ['N', classes] }],
    }),
  );
}

async function compiled({ graph }: FrozenNet, { preprocessing }: Backbone): Promise<Uint8Array> {
  const path = join(tmpdir(), `edgeward-backbone-${randomUUID()}.onnx`);
  try {
    await writeFile(path, writeModel(graph));
    return (await compile({ path, ...(preprocessing && { preprocessing }) })).file;
  } finally {
    await rm(path, { force: true });
  }
}

/** Where `features` says: by name, or the input of the last product on the way to the first output. */
function featuresValue({ nodes, outputs, inputs }: Graph, features: string): string {
  const [output] = outputs;
  if (features === 'output') return output?.name ?? '';
  const makers = new Map(nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)));
  if (features !== 'penultimate') {
    if (makers.has(features) || inputs.some(({ name }) => name === features)) return features;
    throw new GatewayError(
      'COMPILE_FAILED',
      `Expected a value of the net for --features but received ${features}`,
    );
  }
  let value = output?.name ?? '';
  for (let node = makers.get(value); node !== undefined; node = makers.get(value)) {
    value = node.inputs[0] ?? '';
    if (products.has(node.op)) return value;
  }
  throw new GatewayError(
    'COMPILE_FAILED',
    'Expected a product before the output for --features but received none',
  );
}
