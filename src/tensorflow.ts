import { createRequire } from 'node:module';
import { dirname } from 'node:path';

/** TensorFlow.js without a backend: what computes is chosen by `useBackend`. */
export type Core = typeof import('@tensorflow/tfjs-core');

/** Native TensorFlow, WebAssembly, plain JavaScript: the fastest first. */
export const backends = ['tensorflow', 'wasm', 'cpu'] as const;
export type Backend = (typeof backends)[number];

/** Native TensorFlow is an install of 500 MB that few gateways have: named so that no bundler asks for it. */
const native: string = '@tensorflow/tfjs-node';

const loaders: Readonly<Record<Backend, () => Promise<unknown>>> = {
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

/**
 * Makes `core` compute on the backend, if that is installed and can add: tfjs-node 4.22 loads on Node 23 and fails
 * at its first operation.
 */
export async function useBackend(core: Core, backend: Backend): Promise<boolean> {
  try {
    await loaders[backend]();
    if (!(await core.setBackend(backend))) return false;
    await core.ready();
    return core.tidy(() => core.add(core.scalar(1), core.scalar(2)).dataSync()[0] === 3);
  } catch {
    return false;
  }
}
