import { GatewayError } from '../errors.ts';
import type { Sample } from './calibrate.ts';
import type { Graph, Value } from './graph.ts';
import { writeModel } from './onnx/model.ts';
import { decibels } from './quantization/fidelity.ts';
import { openSession, type Session } from './runtime.ts';
import { infer } from './shapes/infer.ts';
import { elements, type Tensor } from './tensor.ts';

/** Passes add rounding errors of float32 and nothing else: even deep nets stay well above this. */
const leastDb = 50;

/** Of a free dimension other than the batch: a multiple of the strides of usual nets. */
const freeSize = 224;

/** A value of more elements (1 GB of floats) is none that a gateway computes: the file is damaged. */
const mostElements = 2 ** 28;

/** @throws COMPILE_FAILED, before anything runs, for a graph with a tensor that no memory would hold. */
export function checkSizes(graph: Graph): void {
  for (const [name, { shape = [] }] of infer(graph)) {
    const sizes = shape.filter((size) => typeof size === 'number');
    if (elements(sizes) <= mostElements) continue;
    const text = `Expected at most ${mostElements} numbers for tensor ${name} but received [${shape}]`;
    throw new GatewayError('COMPILE_FAILED', text);
  }
}

/**
 * Random inputs for `rows` rows: bytes, or floats of about 1 where the input takes floats. A fixed first
 * dimension stays as it is.
 */
export function exampleOf(inputs: readonly Value[], rows: number, seed = 1): Sample {
  let state = seed >>> 0;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  return Object.fromEntries(
    inputs.map(({ name, type = 'float32', shape = [] }): [string, Tensor] => {
      const dims = shape.map((size, axis) =>
        typeof size === 'number' ? size : axis === 0 ? rows : freeSize,
      );
      const length = elements(dims);
      switch (type) {
        case 'uint8':
          return [name, { type, dims, data: Uint8Array.from({ length }, () => random() * 256) }];
        case 'int32':
          return [name, { type, dims, data: new Int32Array(length) }];
        case 'int64':
          return [name, { type, dims, data: new BigInt64Array(length) }];
        case 'float32':
          return [name, { type, dims, data: Float32Array.from({ length }, () => random() * 2 - 1) }];
        default:
          throw new GatewayError(
            'COMPILE_FAILED',
            `Expected numbers of 8 or 32 bits for input ${name} but received ${type}`,
          );
      }
    }),
  );
}

/**
 * How far the answers of `after` are from those of `before`, dB, each fed with what it takes.
 * @throws COMPILE_FAILED if they are not the same net.
 */
export async function compareAnswers(
  before: { readonly graph: Graph; readonly sample: Sample },
  after: { readonly graph: Graph; readonly sample: Sample },
): Promise<number> {
  const expected = await answersOf(before.graph, before.sample);
  const actual = await answersOf(after.graph, after.sample);
  const db = likeness(expected, actual);
  if (db >= leastDb) return db;
  const text = `Expected answers as before the passes for the compiled net but received others (${db.toFixed(1)} dB)`;
  throw new GatewayError('COMPILE_FAILED', text);
}

/**
 * Two rows at once have to give what each gives alone.
 * @throws COMPILE_FAILED if they do not.
 */
export async function checkBatch(session: Session, inputs: readonly Value[]): Promise<void> {
  const both = exampleOf(inputs, 2);
  const together = await session.run(both);
  for (const row of [0, 1]) {
    const alone = await session.run(rowOf(both, row));
    if (likeness(alone, rowOf(together, row)) < leastDb) {
      throw new GatewayError(
        'COMPILE_FAILED',
        'Expected the same answers in a batch as alone but received others',
      );
    }
  }
}

async function answersOf(graph: Graph, sample: Sample): Promise<Record<string, Tensor>> {
  const session = await openSession(writeModel(graph), { threads: 1 });
  try {
    return await session.run(sample);
  } finally {
    await session.close();
  }
}

/** The least ratio of signal to difference over the outputs that are floats, dB. */
function likeness(
  expected: Readonly<Record<string, Tensor>>,
  actual: Readonly<Record<string, Tensor>>,
): number {
  let least = decibels(1, 0);
  for (const [name, { type, dims, data }] of Object.entries(expected)) {
    const other = actual[name];
    if (type !== 'float32') continue;
    if (other?.type !== 'float32' || String(other.dims) !== String(dims)) return Number.NEGATIVE_INFINITY;
    let [signal, noise] = [0, 0];
    for (const [i, each] of data.entries()) {
      signal += each * each;
      noise += (each - (other.data[i] ?? Number.NaN)) ** 2;
    }
    least = Math.min(least, decibels(signal, noise));
  }
  return least;
}

/** One row of each tensor. */
function rowOf(tensors: Sample, row: number): Sample {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, { type, dims, data }]) => {
      const length = elements(dims.slice(1));
      const part = data.slice(row * length, (row + 1) * length);
      return [name, { type, dims: [1, ...dims.slice(1)], data: part } as Tensor];
    }),
  );
}
