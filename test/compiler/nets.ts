import type { Attribute, Graph } from '../../src/compiler/graph.ts';
import { GraphBuilder } from '../../src/compiler/graph-builder.ts';
import { writeModel } from '../../src/compiler/onnx/model.ts';
import type { Parameters } from '../../src/compiler/quantization.ts';
import { openSession } from '../../src/compiler/runtime.ts';
import { elements, type TypedTensor } from '../../src/compiler/tensor.ts';

/** Numbers like those of trained weights, the same for the same seed. */
function weights(seed: number, dims: readonly number[], spread = 1): TypedTensor<'float32'> {
  let state = seed * 2 + 1;
  const uniform = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32 - 0.5;
  };
  const fanIn = elements(dims) / Math.max(...dims);
  const scale = (spread * 3) / Math.sqrt(fanIn);
  const data = Float32Array.from({ length: elements(dims) }, () => (uniform() + uniform()) * scale);
  return { type: 'float32', dims, data };
}

/** A float net under construction: each layer takes the name of a value and returns that of its result. */
export class Net {
  readonly builder = new GraphBuilder(['x', 'y']);
  readonly #seed: number;
  #layers = 0;

  constructor(seed = 1) {
    this.#seed = seed;
  }

  add(op: string, input: string, attributes: Readonly<Record<string, Attribute>> = {}): string {
    return this.builder.add(op, [input], { attributes });
  }

  weighted(op: string, input: string, dims: readonly number[], units?: number, attributes = {}): string {
    const seed = this.#seed * 100 + ++this.#layers;
    const inputs = [input, this.builder.constant('w', weights(seed, dims))];
    if (units !== undefined) inputs.push(this.builder.constant('b', weights(seed + 50, [units], 0.3)));
    return this.builder.add(op, inputs, { attributes });
  }

  build(shape: readonly number[], output: string): Graph {
    this.builder.add('Identity', [output], { output: 'y' });
    return this.builder.build({
      name: 'net',
      opsets: { '': 17 },
      inputs: [{ name: 'x', type: 'float32', shape: ['N', ...shape] }],
      outputs: [{ name: 'y' }],
    });
  }
}

export const meaning: Parameters = { scale: Math.fround(1 / 64), zeroPoint: 100 };

/** Random bytes and the numbers that they mean, a batch of `count`. */
export function samples(count: number, shape: readonly number[]) {
  const dims = [count, ...shape];
  const data = Uint8Array.from(weights(7, dims).data, (each) => Math.floor(Math.abs(each) * 1e6) % 256);
  const floats = Float32Array.from(data, (byte) => (byte - meaning.zeroPoint) * meaning.scale);
  return {
    bytes: { type: 'uint8', dims, data },
    floats: { type: 'float32', dims, data: floats },
  } as const;
}

/** What the graph says to `x`, as floats. */
export async function run(
  graph: Graph,
  x: ReturnType<typeof samples>['bytes' | 'floats'],
): Promise<Float32Array> {
  const session = await openSession(writeModel(graph), { threads: 1 });
  const { y } = await session.run({ x });
  await session.close();
  if (y?.type !== 'float32') throw new TypeError(`Expected floats for y but received ${y?.type}`);
  return y.data;
}

/** Root mean square of the differences, as a share of the range of `expected`. */
export function relativeError(expected: Float32Array, actual: Float32Array): number {
  const range = Math.max(...expected) - Math.min(...expected);
  const squares = expected.reduce((sum, each, i) => sum + (each - (actual[i] ?? Number.NaN)) ** 2, 0);
  return Math.sqrt(squares / expected.length) / range;
}
