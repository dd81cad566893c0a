import { GatewayError } from '../errors.ts';
import { type Backend, backends, type Core, useBackend } from '../tensorflow.ts';
import { registerWasmKernels } from './wasm-kernels.ts';

/** TensorFlow.js with a backend that works here. */
export interface TensorFlow {
  readonly core: Core;
  readonly layers: typeof import('@tensorflow/tfjs-layers');
  readonly backend: Backend;
}

let loaded: Promise<TensorFlow> | undefined;

/**
 * Load TensorFlow.js with the fastest backend that can be had: native, WebAssembly, plain JavaScript.
 * @throws TRAINING_UNAVAILABLE if TensorFlow.js is not installed: a gateway only needs it to train.
 */
export function loadTensorFlow(): Promise<TensorFlow> {
  loaded ??= load();
  return loaded;
}

async function load(): Promise<TensorFlow> {
  try {
    const core = await import('@tensorflow/tfjs-core');
    const layers = await import('@tensorflow/tfjs-layers');
    for (const backend of backends) {
      if (!(await useBackend(core, backend))) continue;
      if (backend === 'wasm') registerWasmKernels(core);
      return { core, layers, backend };
    }
  } catch (cause) {
    throw unavailable(cause);
  }
  throw unavailable(undefined);
}

function unavailable(cause: unknown): GatewayError {
  return new GatewayError(
    'TRAINING_UNAVAILABLE',
    'Expected TensorFlow.js for training but found none: npm install @tensorflow/tfjs-core ' +
      '@tensorflow/tfjs-layers @tensorflow/tfjs-backend-wasm',
    { cause },
  );
}
