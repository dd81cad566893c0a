import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type Numbers, tfjsSession } from '../../../bench/compiler/tfjs.ts';
import type { Graph } from '../../../src/compiler/graph.ts';
import { writeModel } from '../../../src/compiler/onnx/model.ts';
import { openSession } from '../../../src/compiler/runtime.ts';
import type { Tensor } from '../../../src/compiler/tensor.ts';

/** A folder that is removed after the test. */
async function scratch(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'edgeward-tfjs-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export interface Weight {
  readonly dims: readonly number[];
  readonly data: Float32Array | Int32Array;
}

/** A node as the converter writes it. */
export interface NodeJson {
  readonly name: string;
  readonly op: string;
  readonly input?: readonly string[];
  readonly attr?: Readonly<Record<string, unknown>>;
}

export const attr = {
  ints: (...values: number[]) => ({ list: { i: values.map(String) } }),
  int: (value: number) => ({ i: String(value) }),
  float: (value: number) => ({ f: value }),
  bool: (value: boolean) => ({ b: value }),
  text: (value: string) => ({ s: Buffer.from(value).toString('base64') }),
  texts: (...values: string[]) => ({
    list: { s: values.map((each) => Buffer.from(each).toString('base64')) },
  }),
  type: (value: string) => ({ type: value }),
  shape: (...sizes: number[]) => ({ shape: { dim: sizes.map((size) => ({ size: String(size) })) } }),
};

function placeholder(name: string, dims: readonly number[], type = 'DT_FLOAT'): NodeJson {
  return { name, op: 'Placeholder', attr: { dtype: attr.type(type), shape: attr.shape(...dims) } };
}

/** Puts a graph model together: nodes, with constants as they are needed. */
export class Net {
  readonly nodes: NodeJson[] = [];
  readonly weights: Record<string, Weight> = {};

  input(name: string, dims: readonly number[], type?: string): string {
    this.nodes.push(placeholder(name, dims, type));
    return name;
  }

  constant(weight: Weight): string {
    const name = `c${this.nodes.length}`;
    const type = weight.data instanceof Int32Array ? 'DT_INT32' : 'DT_FLOAT';
    this.nodes.push({
      name,
      op: 'Const',
      attr: { dtype: attr.type(type), shape: attr.shape(...weight.dims) },
    });
    this.weights[name] = weight;
    return name;
  }

  ints(...values: number[]): string {
    return this.constant({ dims: [values.length], data: Int32Array.from(values) });
  }

  int(value: number): string {
    return this.constant({ dims: [], data: Int32Array.of(value) });
  }

  float(value: number): string {
    return this.constant({ dims: [], data: Float32Array.of(value) });
  }

  add(op: string, input: readonly string[], attributes: Readonly<Record<string, unknown>> = {}): string {
    const name = `n${this.nodes.length}`;
    this.nodes.push({ name, op, input, attr: { T: attr.type('DT_FLOAT'), ...attributes } });
    return name;
  }

  /** Written to a new folder; the path of its `model.json`. */
  async save(outputs: readonly string[]): Promise<string> {
    const names = outputs.map((output, i) => {
      const name = `y${i}`;
      this.nodes.push({ name, op: 'Identity', input: [output], attr: {} });
      return name;
    });
    const entries = names.map((name) => [name, { name: `${name}:0` }]);
    const inputs = this.nodes
      .filter(({ op }) => op === 'Placeholder')
      .map(({ name }) => [name, { name: `${name}:0` }]);
    const signature = { inputs: Object.fromEntries(inputs), outputs: Object.fromEntries(entries) };
    const versions = { producer: 987, minConsumer: 12 };
    return saveModel({ node: this.nodes, versions }, this.weights, { format: 'graph-model', signature });
  }
}

export async function saveModel(
  modelTopology: unknown,
  weights: Readonly<Record<string, Weight>>,
  more: object = {},
): Promise<string> {
  const folder = await scratch();
  const specs = Object.entries(weights).map(([name, { dims, data }]) => ({
    name,
    shape: dims,
    dtype: data instanceof Int32Array ? 'int32' : 'float32',
  }));
  const bytes = Object.values(weights).map(({ data }) =>
    Buffer.from(data.buffer, data.byteOffset, data.byteLength),
  );
  await writeFile(join(folder, 'weights.bin'), Buffer.concat(bytes));
  const manifest = [{ paths: ['weights.bin'], weights: specs }];
  const path = join(folder, 'model.json');
  await writeFile(path, JSON.stringify({ ...more, modelTopology, weightsManifest: manifest }));
  return path;
}

/** Numbers between -1 and 1 that are the same for the same seed. */
export function noise(dims: readonly number[], seed = 1): Float32Array {
  let state = seed * 2 + 1;
  return Float32Array.from({ length: dims.reduce((product, size) => product * size, 1) }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

export type Feeds = Readonly<Record<string, Extract<Tensor, { type: 'float32' | 'int32' | 'uint8' }>>>;

/** What the imported graph says. */
export async function run(graph: Graph, feeds: Feeds): Promise<Record<string, Numbers>> {
  const session = await openSession(writeModel(graph), { threads: 1 });
  const outputs = await session.run(feeds);
  await session.close();
  return Object.fromEntries(
    Object.entries(outputs).map(([name, { dims, data }]) => [
      name,
      {
        dims,
        data: data instanceof Float32Array ? data : Float32Array.from(data as ArrayLike<number>, Number),
      },
    ]),
  );
}

/** What TensorFlow.js says of the same file. */
export async function reference(
  path: string,
  feeds: Feeds,
  backend: 'wasm' | 'cpu',
): Promise<Record<string, Numbers>> {
  const session = await tfjsSession(path, backend);
  try {
    return await session.run(feeds);
  } finally {
    session.close();
  }
}

/** The greatest difference as a share of the greatest number, or of 1 where all are smaller. */
export function worst(actual: Numbers | undefined, expected: Numbers | undefined): number {
  if (actual === undefined || expected === undefined) return Number.POSITIVE_INFINITY;
  if (actual.data.length !== expected.data.length) return Number.POSITIVE_INFINITY;
  let difference = 0;
  let greatest = 1e-3;
  for (const [i, value] of expected.data.entries()) {
    const other = actual.data[i] ?? Number.NaN;
    if (Object.is(value, other) || (Number.isNaN(value) && Number.isNaN(other))) continue;
    const apart = Math.abs(value - other);
    difference = Number.isNaN(apart) ? Number.POSITIVE_INFINITY : Math.max(difference, apart);
    if (Number.isFinite(value)) greatest = Math.max(greatest, Math.abs(value));
  }
  return difference / greatest;
}
