import { GatewayError } from '../../errors.ts';
import { loadTensorFlow } from '../backend.ts';
import { subset } from '../examples.ts';
import { loadLayers } from '../load-layers.ts';
import { datasetOfRun } from '../optimize.ts';
import { readRunCard } from '../run-card.ts';
import { exportTflite } from './export.ts';

/**
 * The net of a run as a `.tflite` file, in int8 calibrated with so many of its held-out examples.
 * @throws REQUEST_INVALID if the folder is no run, or its net is not one of layers; DATASET_INVALID if its data are
 * others by now.
 */
export async function exportRun(
  folder: string,
  { int8, samples }: { readonly int8: boolean; readonly samples: number },
): Promise<Uint8Array> {
  const card = await readRunCard(folder);
  if (card.model !== 'model.json') {
    throw new GatewayError(
      'REQUEST_INVALID',
      `Expected a net of layers for ${folder} but received a head on a backbone`,
    );
  }
  const tensorflow = await loadTensorFlow();
  const model = await loadLayers(tensorflow, folder);
  try {
    if (!int8) return exportTflite(tensorflow, model);
    const { heldOut } = await datasetOfRun(card);
    const places = Uint32Array.from({ length: Math.min(samples, heldOut.count) }, (_, i) => i);
    return exportTflite(tensorflow, model, subset(heldOut.examples(), places));
  } finally {
    model.dispose();
  }
}
