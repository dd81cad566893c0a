import { join } from 'node:path';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { writeWhole } from '../write-whole.ts';
import type { TensorFlow } from './backend.ts';

/** Save a net as TensorFlow.js does, `model.json` and `weights.bin`, which it, Keras's tools and our compiler read. */
export async function saveLayers({ core }: TensorFlow, model: LayersModel, folder: string): Promise<void> {
  await model.save(
    core.io.withSaveHandler(async ({ modelTopology, weightSpecs = [], weightData }) => {
      const data = core.io.CompositeArrayBuffer.join(weightData);
      const weightsManifest = [{ paths: ['weights.bin'], weights: weightSpecs }];
      await writeWhole(join(folder, 'weights.bin'), new Uint8Array(data));
      await writeWhole(
        join(folder, 'model.json'),
        JSON.stringify({ format: 'layers-model', generatedBy: 'edgeward', modelTopology, weightsManifest }),
      );
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
    }),
  );
}
