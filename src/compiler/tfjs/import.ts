import type { Imported } from '../imported.ts';
import { readArtifacts } from './artifacts.ts';
import { importGraphModel } from './graph-model.ts';
import { field } from './json.ts';
import { importLayersModel } from './layers-model.ts';

/**
 * The net of a `model.json` of TensorFlow.js, a graph model or a layers model, and of the weights beside it.
 * Inputs and outputs have the names that TensorFlow.js gives them. What a net does with a batch of one in a
 * way that no larger batch bears is done a sample at a time; the notes say from where on.
 * @throws COMPILE_FAILED, naming what cannot be imported or is damaged.
 */
export async function importTfjs(path: string): Promise<Imported> {
  const artifacts = await readArtifacts(path);
  const isGraph = field(artifacts.topology, 'node') !== undefined;
  return isGraph ? importGraphModel(artifacts) : importLayersModel(artifacts);
}
