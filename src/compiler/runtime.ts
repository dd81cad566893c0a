import type { InferenceSession, Tensor as RuntimeTensor } from 'onnxruntime-node';
import { GatewayError } from '../errors.ts';
import { isTensorType, type Tensor, type TensorType } from './tensor.ts';

export interface TensorInfo {
  readonly name: string;
  readonly type: TensorType;
  /** A name where the size is free, as of the batch: `['N', 28, 28, 1]`. */
  readonly shape: readonly (number | string)[];
}

/** One loaded graph. `run` blocks the calling thread while the net runs: call it only in a process of its own. */
export interface Session {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  /** Rejects with the runtime's own error where names, types or shapes do not fit the graph. */
  run(feeds: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>>;
  /** Frees the native memory. The session cannot be used afterwards. */
  close(): Promise<void>;
}

export interface SessionOptions {
  /** Threads that one run may use. */
  readonly threads: number;
  /** Where to write the graph as the runtime rewrote it, to see what it really runs. */
  readonly optimizedPath?: string;
}

/**
 * Load an ONNX graph on the CPU. The native library is loaded by the first call and not before.
 * @throws MODEL_LOAD_FAILED if the bytes are no graph that the runtime can run.
 */
export async function openSession(graph: Uint8Array, options: SessionOptions): Promise<Session> {
  const ort = await loadRuntime();
  const session = await ort.InferenceSession.create(graph, {
    executionProviders: ['cpu'],
    intraOpNumThreads: options.threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    // Memory of a run is kept for the next: giving it back and taking it anew doubled the time of a detector
    // at 416 × 416. What is kept is what the largest batch took; a small net keeps next to nothing.
    enableCpuMemArena: true,
    enableMemPattern: true,
    logSeverityLevel: 3,
    // On x86 without VNNI the runtime adds pairs of products in 16 bits, where a great one saturates: answers
    // are wrong, and differ from machine to machine. With this it adds them exactly there, and elsewhere nothing changes.
    extra: { session: { x64quantprecision: '1' } },
    ...(options.optimizedPath === undefined ? {} : { optimizedModelFilePath: options.optimizedPath }),
  }).catch((cause: unknown) => {
    throw new GatewayError('MODEL_LOAD_FAILED', `Expected an ONNX graph but received ${reason(cause)}`, {
      cause,
    });
  });
  return {
    inputNames: session.inputNames,
    outputNames: session.outputNames,
    inputs: session.inputMetadata.map(describe),
    outputs: session.outputMetadata.map(describe),
    async run(feeds) {
      const given = Object.entries(feeds).map(([name, { type, data, dims }]) => [
        name,
        new ort.Tensor(type, data, dims),
      ]);
      const results = Object.entries(await session.run(Object.fromEntries(given)));
      return Object.fromEntries(results.map(([name, tensor]) => [name, received(name, tensor)]));
    },
    close: () => session.release(),
  };
}

async function loadRuntime(): Promise<typeof import('onnxruntime-node')> {
  // Since 1.29 the library reports models and machine to its makers and keeps a database for it in the home
  // folder, unless this is set before it is loaded. What a gateway sees and runs is nobody else's business.
  process.env.ORT_DISABLE_TELEMETRY = '1';
  const ort = await import('onnxruntime-node');
  // Its warnings go straight to the process's stderr and tell a user of a gateway nothing.
  ort.env.logLevel = 'error';
  return ort;
}

function describe(value: InferenceSession.ValueMetadata): TensorInfo {
  if (!value.isTensor) throw unsupported(value.name, 'a sequence or a map');
  return { name: value.name, type: tensorType(value.name, value.type), shape: value.shape };
}

function received(name: string, tensor: RuntimeTensor): Tensor {
  const type = tensorType(name, tensor.type);
  return { type, data: tensor.data, dims: tensor.dims } as Tensor;
}

function tensorType(name: string, type: string): TensorType {
  if (isTensorType(type)) return type;
  throw unsupported(name, type);
}

function unsupported(name: string, what: string): GatewayError {
  return new GatewayError(
    'MODEL_LOAD_FAILED',
    `Expected a tensor of numbers for ${name} but received ${what}`,
  );
}

function reason(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
