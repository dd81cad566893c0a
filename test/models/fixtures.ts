import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, onTestFinished } from 'vitest';
import type { Graph, Value } from '../../src/compiler/graph.ts';
import { GraphBuilder } from '../../src/compiler/graph-builder.ts';
import { writeModel } from '../../src/compiler/onnx/model.ts';
import type { ServingConfig } from '../../src/config/types.ts';
import { Image } from '../../src/image.ts';
import { createLog } from '../../src/log.ts';
import { createMetrics, type Metrics } from '../../src/metrics.ts';
import { writeBundle } from '../../src/models/bundle.ts';
import { pictureShape } from '../../src/models/child/signature.ts';
import { ModelHost } from '../../src/models/host.ts';
import type { Manifest, PictureInput } from '../../src/models/manifest.ts';
import type { Tensors } from '../../src/models/model.ts';

const opsets = { '': 17 };
const silent = await createLog({ level: 'silent', format: 'json' });

/** A folder for this test file, removed afterwards. */
export async function scratchFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'edgeward-models-'));
  afterAll(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export interface TestHost {
  readonly host: ModelHost;
  readonly metrics: Metrics;
}

/** A host of a bundle, ended after the test. It still has to be started. */
export function hostOf(bundle: string, config: Partial<ServingConfig> = {}, maxPixels = 1 << 22): TestHost {
  const metrics = createMetrics();
  const host = new ModelHost({
    name: 'subject',
    config: {
      bundle,
      instances: 1,
      threads: 1,
      maxBatch: 8,
      maxDelayMs: 0,
      // Longer than anything takes on a busy machine: tests of deadlines set their own.
      timeoutMs: 20_000,
      maxQueue: 1_000,
      ...config,
    },
    maxPixels,
    log: silent,
    metrics,
  });
  onTestFinished(() => host.destroy());
  return { host, metrics };
}

export async function started(bundle: string, config: Partial<ServingConfig> = {}): Promise<TestHost> {
  const made = hostOf(bundle, config);
  await made.host.start(AbortSignal.timeout(20_000));
  return made;
}

export const never = new AbortController().signal;

/** Bundle of a net that gives back each picture's bytes as real numbers: `[N, height * width * channels]`. */
export async function echoBundle(path: string, parts: Partial<PictureInput> = {}): Promise<string> {
  const input: PictureInput = {
    kind: 'picture',
    width: 2,
    height: 2,
    colour: 'rgb',
    layout: 'nhwc',
    type: 'uint8',
    resize: 'fill',
    ...parts,
  };
  const channels = input.colour === 'grey' ? 1 : 3;
  const size = input.width * input.height * channels;
  const net = new GraphBuilder();
  const shape = net.constant('shape', {
    type: 'int64',
    dims: [2],
    data: BigInt64Array.of(-1n, BigInt(size)),
  });
  const real = net.add('Cast', ['picture'], { attributes: { to: { int: 1 } } });
  net.add('Reshape', [real, shape], { output: 'pixels' });
  const graph = net.build({
    name: 'echo',
    opsets,
    inputs: [{ name: 'picture', type: input.type, shape: ['N', ...pictureShape(input)] }],
    outputs: [{ name: 'pixels', type: 'float32', shape: ['N', size] }],
  });
  // Grey, so that they are the same numbers in every order of the channels.
  const pixels = Array.from({ length: size }, () => 20);
  const raw = { width: input.width, height: input.height, channels: channels as 1 | 3 };
  const image = sharp(Buffer.from(pixels), { raw });
  const png = await (channels === 1 ? image.toColourspace('b-w') : image).png().toBuffer();
  const golden = [{ inputs: { picture: 'golden.png' }, outputs: { pixels }, tolerance: 0 }];
  return writeTestBundle(path, graph, { picture: input }, { pixels: { kind: 'tensor' } }, golden, {
    'golden.png': png,
  });
}

/**
 * Bundle of a net whose input decides how long it runs and whether it fails: `x` is `[N, 2]`, rounds of
 * work of some 0.05 ms (the greatest of a batch counts) and an index into a table of eight; `y` is the
 * entry, `10 * index`. An index beyond the table makes the run fail.
 */
export async function workBundle(path: string): Promise<string> {
  const side = 128;
  const net = new GraphBuilder();
  const identity = new Float32Array(side * side);
  for (let i = 0; i < side; i++) identity[i * side + i] = 1;
  const start = net.constant('start', { type: 'float32', dims: [side, side], data: identity });
  const yes = net.constant('yes', { type: 'bool', dims: [], data: Uint8Array.of(1) });
  const table = net.constant('table', {
    type: 'float32',
    dims: [8],
    data: Float32Array.from({ length: 8 }, (_, i) => i * 10),
  });
  const column = (index: bigint) => {
    const at = net.constant(`column${index}`, { type: 'int64', dims: [], data: BigInt64Array.of(index) });
    return net.add('Gather', ['x', at], { attributes: { axis: { int: 1 } } });
  };
  const asInteger = { attributes: { to: { int: 7 } } };
  const most = net.add('ReduceMax', [column(0n)], { attributes: { keepdims: { int: 0 } } });
  const rounds = net.add('Cast', [most], asInteger);
  const looped = net.add('Loop', [rounds, yes, start], {
    attributes: { body: { graph: roundOfWork(side) } },
  });
  const first = net.add('ReduceMax', [looped], { attributes: { keepdims: { int: 0 } } });
  const nothing = net.add('Sub', [first, first]);
  const entry = net.add('Gather', [table, net.add('Cast', [column(1n)], asInteger)]);
  const row = net.add('Add', [entry, nothing]);
  net.add('Unsqueeze', [row, net.constant('one', { type: 'int64', dims: [1], data: BigInt64Array.of(1n) })], {
    output: 'y',
  });
  const graph = net.build({
    name: 'work',
    opsets,
    inputs: [{ name: 'x', type: 'float32', shape: ['N', 2] }],
    outputs: [{ name: 'y', type: 'float32', shape: ['N', 1] }],
  });
  const golden = [{ inputs: { x: 'x.bin' }, outputs: { y: [30] }, tolerance: 0 }];
  const files = { 'x.bin': new Uint8Array(Float32Array.of(1, 3).buffer) };
  const x = { kind: 'tensor', type: 'float32', shape: [2] } as const;
  return writeTestBundle(path, graph, { x }, { y: { kind: 'tensor' } }, golden, files);
}

/** Loop body: the matrix times itself, which for the identity changes nothing and takes time. */
function roundOfWork(side: number): Graph {
  const square: Value = { name: 'squared', type: 'float32', shape: [side, side] };
  const node = (op: string, inputs: string[], output: string) => ({
    op,
    domain: '',
    name: output,
    inputs,
    outputs: [output],
    attributes: {},
  });
  return {
    name: 'round',
    opsets,
    initializers: new Map(),
    nodes: [node('Identity', ['go'], 'going'), node('MatMul', ['matrix', 'matrix'], 'squared')],
    inputs: [
      { name: 'round', type: 'int64', shape: [] },
      { name: 'go', type: 'bool', shape: [] },
      { name: 'matrix', type: 'float32', shape: [side, side] },
    ],
    outputs: [{ name: 'going', type: 'bool', shape: [] }, square],
  };
}

/** Input of the net of `workBundle`. */
export function work(rounds: number, index: number): Tensors {
  return { x: { data: Float32Array.of(rounds, index), shape: [2] } };
}

async function writeTestBundle(
  path: string,
  graph: Graph,
  inputs: Manifest['inputs'],
  outputs: Manifest['outputs'],
  samples: Manifest['golden']['samples'],
  files: Readonly<Record<string, Uint8Array>>,
): Promise<string> {
  const draft = {
    format: 1,
    name: graph.name,
    version: '1.2.3',
    task: 'classify',
    graph: 'net.onnx',
    inputs,
    outputs,
    golden: { samples },
  } as const;
  await writeBundle(draft, { 'net.onnx': writeModel(graph), ...files }, path);
  return path;
}

/** A raw picture of one colour. */
export function plain(red: number, green: number, blue: number, side = 4): Image {
  const data = Uint8Array.from({ length: side * side * 3 }, (_, i) => [red, green, blue][i % 3] ?? 0);
  return new Image({ data, format: 'raw', raw: { width: side, height: side, channels: 3 } });
}
