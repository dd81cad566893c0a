import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { Graph } from '../compiler/graph.ts';
import { simplify } from '../compiler/passes/simplify.ts';
import { type Artifacts, artifactsOf } from '../compiler/tfjs/artifacts.ts';
import { importLayersModel } from '../compiler/tfjs/layers-model.ts';

/**
 * The graph of a model of TensorFlow.js for inference, from `input` (as the model takes it, with a free batch
 * `N`) to `output`.
 * @throws COMPILE_FAILED for a layer or an activation that the compiler does not know.
 */
export async function exportGraph(
  model: LayersModel,
  { input, output }: { readonly input: string; readonly output: string },
): Promise<Graph> {
  const artifacts = await artifactsInMemory(model);
  return simplify(importLayersModel(artifacts, { inputs: [input], outputs: [output] }).graph);
}

/** The model as it would be saved. */
async function artifactsInMemory(model: LayersModel): Promise<Artifacts> {
  let artifacts: Artifacts | undefined;
  await model.save({
    async save({ modelTopology, weightSpecs = [], weightData = new ArrayBuffer() }) {
      const parts = [weightData].flat().map((part) => Buffer.from(part));
      const topology = typeof modelTopology === 'object' ? { modelTopology } : {};
      artifacts = artifactsOf({ ...topology, weightSpecs }, Buffer.concat(parts), model.name);
      return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: 'JSON' } };
    },
  });
  if (artifacts === undefined) throw new TypeError('Expected the model to be saved');
  return artifacts;
}
