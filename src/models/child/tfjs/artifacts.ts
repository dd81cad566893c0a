import { posix } from 'node:path';
import type { io } from '@tensorflow/tfjs-core';
import { GatewayError } from '../../../errors.ts';
import type { Core } from '../../../tensorflow.ts';
import type { Bundle } from '../../bundle.ts';

/**
 * A model of TensorFlow.js out of the `model.json` of a bundle and the weights beside it, in memory.
 * @throws MODEL_LOAD_FAILED, or BUNDLE_INVALID if a file of weights is missing.
 */
export async function artifactsIn(core: Core, { manifest, file }: Bundle): Promise<io.ModelArtifacts> {
  const folder = posix.dirname(manifest.graph);
  const model = parse(manifest.graph, file(manifest.graph));
  return core.io.getModelArtifactsForJSON(model, async (groups) => {
    const parts = groups.flatMap(({ paths }) => paths).map((path) => file(posix.join(folder, path)));
    const data = new Uint8Array(Buffer.concat(parts));
    return [groups.flatMap(({ weights }) => weights), data.buffer];
  });
}

/** As it is written, but for how weights start: they are about to be replaced, and some ways are slow or missing here. */
function parse(path: string, data: Uint8Array): io.ModelJSON {
  try {
    return JSON.parse(new TextDecoder().decode(data), (key, value: unknown) => {
      const starts = key.endsWith('_initializer') && typeof value === 'object' && value !== null;
      return starts && 'class_name' in value ? { class_name: 'Zeros', config: {} } : value;
    });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const text = `Expected the model.json of a model of TensorFlow.js for ${path} but received: ${reason}`;
    throw new GatewayError('MODEL_LOAD_FAILED', text, { cause });
  }
}
