import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import '@tensorflow/tfjs-backend-cpu';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { loadGraphModel } from '@tensorflow/tfjs-converter';
import * as tf from '@tensorflow/tfjs-core';
import { loadLayersModel } from '@tensorflow/tfjs-layers';

/** A tensor as TensorFlow.js gives it. */
export interface Numbers {
  readonly dims: readonly number[];
  readonly data: Float32Array | Int32Array | Uint8Array;
}

/** A `model.json` in TensorFlow.js on one thread: what a Node program without native add-ons has for it. */
export interface TfjsSession {
  /** Names as `importTfjs` gives them; -1 for an open size. */
  readonly inputs: readonly { readonly name: string; readonly dims: readonly number[] }[];
  readonly outputNames: readonly string[];
  run(inputs: Readonly<Record<string, Numbers>>): Promise<Record<string, Numbers>>;
  close(): void;
}

/** On WebAssembly, or with `cpu` in plain JavaScript, which has more operators and takes its time. */
export async function tfjsSession(path: string, backend: 'wasm' | 'cpu' = 'wasm'): Promise<TfjsSession> {
  const main = createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm');
  setWasmPaths(`${dirname(main)}/`);
  await tf.setBackend(backend);
  const artifacts = await readArtifacts(path);
  const isGraph = 'node' in (artifacts.modelTopology ?? {});
  const handler = { load: async () => artifacts };
  const model = isGraph ? await loadGraphModel(handler) : await loadLayersModel(handler);
  const [inputNames, outputNames] =
    'inputNodes' in model ? [model.inputNodes, model.outputNodes] : [model.inputNames, model.outputNames];
  const inputs = model.inputs.map(({ name, shape }, i) => ({
    name: inputNames[i] ?? name,
    dims: (shape ?? []).map((size) => size ?? -1),
  }));
  return {
    inputs,
    outputNames,
    async run(feeds) {
      await tf.setBackend(backend);
      const given = inputs.map(({ name }, i) => {
        const { data, dims } = feeds[name] ?? { data: new Float32Array(), dims: [0] };
        return tf.tensor(data, [...dims], model.inputs[i]?.dtype as 'float32' | 'int32');
      });
      const predicted = [model.predict(given.length === 1 && given[0] ? given[0] : given)].flat();
      const outputs = predicted.flatMap((value) =>
        value instanceof tf.Tensor ? [value] : Object.values(value),
      );
      const results: Record<string, Numbers> = {};
      for (const [i, output] of outputs.entries()) {
        results[outputNames[i] ?? `${i}`] = { dims: output.shape, data: await output.data() };
      }
      tf.dispose([...given, ...outputs]);
      return results;
    },
    close: () => model.dispose(),
  };
}

async function readArtifacts(path: string): Promise<tf.io.ModelArtifacts> {
  const model = JSON.parse(await readFile(path, 'utf8')) as tf.io.ModelJSON;
  return tf.io.getModelArtifactsForJSON(model, async (manifest) => {
    const parts = await Promise.all(
      manifest.flatMap(({ paths }) => paths).map((part) => readFile(join(dirname(path), part))),
    );
    const data = new Uint8Array(Buffer.concat(parts));
    return [manifest.flatMap(({ weights }) => weights), data.buffer];
  });
}
