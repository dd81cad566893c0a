import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { GatewayError } from '../errors.ts';
import { registerWasmKernels } from './wasm-kernels.ts';

/** TensorFlow.js with a backend that works here. */
export interface TensorFlow {
  readonly core: typeof import('@tensorflow/tfjs-core');
  readonly layers: typeof import('@tensorflow/tfjs-layers');
  /** `tensorflow` (native), `wasm` or `cpu`. */
  readonly backend: string;
}

/** Native TensorFlow is an install of 500 MB that a gateway never needs: named so that no bundler asks for it. */
const native: string = '@tensorflow/tfjs-node';

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
    for (const [backend, load] of Object.entries(backends)) {
      if (!(await usable(core, backend, load))) continue;
      if (backend === 'wasm') registerWasmKernels(core);
      return { core, layers, backend };
    }
  } catch (cause) {
    throw unavailable(cause);
  }
  throw unavailable(undefined);
}

const backends: Readonly<Record<string, () => Promise<unknown>>> = {
  tensorflow: () => import(native),
  wasm: loadWasm,
  cpu: () => import('@tensorflow/tfjs-backend-cpu'),
};

async function loadWasm(): Promise<void> {
  const { setWasmPaths } = await import('@tensorflow/tfjs-backend-wasm');
  // Without a path the files are sought beside the script that was started.
  const main = createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm');
  setWasmPaths(`${dirname(main)}/`);
}

/** Whether the backend loads and can add: tfjs-node 4.22 loads on Node 23 and fails at its first operation. */
async function usable(
  core: TensorFlow['core'],
  backend: string,
  load: () => Promise<unknown>,
): Promise<boolean> {
  try {
    await load();
    if (!(await core.setBackend(backend))) return false;
    await core.ready();
    return core.tidy(() => core.add(core.scalar(1), core.scalar(2)).dataSync()[0] === 3);
  } catch {
    return false;
  }
}

function unavailable(cause: unknown): GatewayError {
  return new GatewayError(
    'TRAINING_UNAVAILABLE',
    'Expected TensorFlow.js for training but found none: npm install @tensorflow/tfjs-core ' +
      '@tensorflow/tfjs-layers @tensorflow/tfjs-backend-wasm',
    { cause },
  );
}
