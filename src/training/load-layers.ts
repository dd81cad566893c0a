import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { GatewayError } from '../errors.ts';
import type { TensorFlow } from './backend.ts';

/**
 * The net that `saveLayers` wrote into a folder.
 * @throws DATASET_INVALID if it is not there or damaged.
 */
export async function loadLayers({ layers }: TensorFlow, folder: string): Promise<LayersModel> {
  try {
    const { modelTopology, weightsManifest } = JSON.parse(await readFile(join(folder, 'model.json'), 'utf8'));
    const weightData = new Uint8Array(await readFile(join(folder, 'weights.bin'))).buffer;
    const weightSpecs = weightsManifest[0].weights;
    return await layers.loadLayersModel({ load: async () => ({ modelTopology, weightSpecs, weightData }) });
  } catch (cause) {
    const text = `Expected model.json and weights.bin of a run for ${folder} but received others`;
    throw new GatewayError('DATASET_INVALID', text, { cause });
  }
}
