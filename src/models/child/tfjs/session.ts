import type { Tensor as CoreTensor } from '@tensorflow/tfjs-core';
import type { Session, TensorInfo } from '../../../compiler/runtime.ts';
import { elements, type Tensor } from '../../../compiler/tensor.ts';
import { asGatewayError, GatewayError } from '../../../errors.ts';
import { backends, type Core, useBackend } from '../../../tensorflow.ts';
import type { Bundle } from '../../bundle.ts';
import type { Manifest } from '../../manifest.ts';
import { pictureShape } from '../signature.ts';
import { artifactsIn } from './artifacts.ts';
import { loadNet, type Net, type Way } from './net.ts';
import { joinSamples, sampleOf, type Tensors } from './samples.ts';

/**
 * The net of a bundle in TensorFlow.js: native where that is installed, else WebAssembly, else plain JavaScript,
 * the first in which it runs. Inputs of integers take bytes. A net made for a batch of one runs once a sample.
 * @throws MODEL_LOAD_FAILED, or BUNDLE_INVALID if a file of weights is missing.
 */
export async function openTfjsSession(bundle: Bundle, threads: number): Promise<Session> {
  // Read by the native library when it is loaded.
  process.env.TF_NUM_INTRAOP_THREADS = `${threads}`;
  process.env.TF_NUM_INTEROP_THREADS = '1';
  const core = await import('@tensorflow/tfjs-core');
  // Or it advertises its native library in the log.
  core.enableProdMode();
  const artifacts = await artifactsIn(core, bundle).catch((cause: unknown) => {
    throw asGatewayError(cause, 'MODEL_LOAD_FAILED');
  });
  const reasons: string[] = [];
  for (const backend of backends) {
    if (!(await useBackend(core, backend))) continue;
    try {
      const net = await loadNet(artifacts);
      return sessionOf(core, net, await wayOf(core, net, bundle.manifest));
    } catch (cause) {
      // Backends differ in the operators that they have.
      reasons.push(`${backend}: ${messageOf(cause)}`);
    }
  }
  const received = reasons.join('; ') || 'no backend that works here';
  const text = `Expected a model that TensorFlow.js can run for ${bundle.manifest.graph} but received ${received}`;
  throw new GatewayError('MODEL_LOAD_FAILED', text);
}

/** The first way in which the net takes zeros. */
async function wayOf(core: Core, net: Net, manifest: Manifest): Promise<Way> {
  const zeros = zerosFor(net, manifest);
  const reasons: string[] = [];
  for (const way of net.ways) {
    try {
      await run(core, net, way, zeros);
      return way;
    } catch (cause) {
      reasons.push(messageOf(cause));
    }
  }
  throw new Error(reasons.at(-1));
}

function zerosFor({ inputs }: Net, manifest: Manifest): Tensors {
  return Object.fromEntries(
    inputs.map(({ name, dims }) => {
      const input = manifest.inputs[name];
      const declared = input?.kind === 'picture' ? pictureShape(input) : (input?.shape ?? []);
      const sizes = dims.map((size, axis) => (size >= 0 ? size : axis === 0 ? 1 : (declared[axis - 1] ?? 1)));
      return [name, { type: 'uint8', dims: sizes, data: new Uint8Array(elements(sizes)) }];
    }),
  );
}

function sessionOf(core: Core, net: Net, way: Way): Session {
  const free = net.inputs.every(({ dims }) => dims[0] === -1);
  return {
    inputNames: net.inputs.map(({ name }) => name),
    outputNames: net.outputNames,
    inputs: net.inputs.map(infoOf),
    outputs: net.outputNames.map((name) => ({ name, type: 'float32', shape: ['N'] })),
    async run(feeds) {
      const [rows = 0] = Object.values(feeds).map(({ dims }) => dims[0] ?? 0);
      if (free) return checkRows(await run(core, net, way, feeds), rows);
      const results: Tensors[] = [];
      for (let i = 0; i < rows; i++) results.push(await run(core, net, way, sampleOf(feeds, i)));
      return joinSamples(results);
    },
    async close() {
      net.dispose();
    },
  };
}

/** A batch of one is no limit: the samples are run one by one. */
function infoOf({ name, type, dims }: Net['inputs'][number]): TensorInfo {
  const shape = dims.map((size, axis) => (size === -1 || (axis === 0 && size === 1) ? `size${axis}` : size));
  return { name, type: type === 'int32' ? 'uint8' : 'float32', shape };
}

async function run(core: Core, net: Net, way: Way, feeds: Tensors): Promise<Record<string, Tensor>> {
  const given = net.inputs.map(({ name, type }) => {
    const { data, dims } = feeds[name] ?? { data: new Float32Array(), dims: [0] };
    return core.tensor(data as Float32Array, [...dims], type === 'int32' ? 'int32' : 'float32');
  });
  let outputs: CoreTensor[] = [];
  try {
    outputs = await way(given);
    const read = outputs.map(
      async (output, i) => [net.outputNames[i] ?? '', await received(output)] as const,
    );
    return Object.fromEntries(await Promise.all(read));
  } finally {
    core.dispose([...given, ...outputs]);
  }
}

async function received(output: CoreTensor): Promise<Tensor> {
  const { shape: dims, dtype } = output;
  const data = await output.data();
  if (data instanceof Float32Array) return { type: 'float32', dims, data };
  if (data instanceof Int32Array) return { type: 'int32', dims, data };
  if (data instanceof Uint8Array) return { type: 'uint8', dims, data };
  throw new TypeError(`Expected numbers for an output but received ${dtype}`);
}

function checkRows(outputs: Record<string, Tensor>, rows: number): Record<string, Tensor> {
  for (const [name, { dims }] of Object.entries(outputs)) {
    if (dims[0] === rows) continue;
    const text = `Expected ${rows} rows for output ${name} but received [${dims}]`;
    throw new GatewayError('MODEL_RUN_FAILED', text);
  }
  return outputs;
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
