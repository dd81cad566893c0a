import type { Sequential } from '@tensorflow/tfjs-layers';
import { convolutionalAutoencoder, denseAutoencoder } from './autoencoders.ts';
import { featuresPart, headClassifier, openBackbone, withHead } from './backbone.ts';
import type { TensorFlow } from './backend.ts';
import type { Dataset, InputSpec, Part } from './dataset.ts';
import { folderDataset } from './folder-dataset.ts';
import { mnistDataset } from './mnist-dataset.ts';
import { convolutionalClassifier, denseClassifier } from './networks.ts';
import type { SeededRandom } from './random.ts';
import { type Normal, readingsDataset } from './readings-dataset.ts';
import type { Recipe } from './recipe.ts';

const ordinaryPicture = { width: 96, height: 96, colour: 'rgb' } as const;

/** The dataset of a recipe; with a backbone its pictures are of the size that the backbone takes. */
export async function datasetOf(
  recipe: Recipe,
  input?: InputSpec,
): Promise<Dataset & { readonly normal?: Normal }> {
  const { task, data, limit, seed, readings } = recipe;
  if (task === 'mnist') return mnistDataset(data, limit);
  if (readings) return readingsDataset({ path: data, ...readings, limit });
  const picture = recipe.picture ?? ordinaryPicture;
  const spec = input?.kind === 'picture' ? input : ({ kind: 'picture', ...picture, resize: 'fill' } as const);
  return folderDataset({ folder: data, input: spec, seed, classes: task === 'classify', limit });
}

/** Everything that a run needs before its first step. */
export interface Prepared {
  readonly dataset: Dataset & { readonly normal?: Normal };
  readonly model: Sequential;
  /** What the model itself is fed with, which is not the dataset's where a backbone stands before. */
  readonly training: Part;
  readonly heldOut: Part;
  /** The trained model as an ONNX file, where it is more than its layers. */
  readonly whole?: () => Uint8Array;
}

export async function prepareRun(
  recipe: Recipe,
  {
    tensorflow,
    noise,
    signal,
  }: { tensorflow: TensorFlow; noise: SeededRandom; signal?: AbortSignal | undefined },
): Promise<Prepared> {
  const { backbone, seed, net, code } = recipe;
  if (backbone) {
    const frozen = await openBackbone(backbone);
    const dataset = await datasetOf(recipe, frozen.input);
    const classes = dataset.labels?.length ?? 0;
    const model = headClassifier({ tensorflow, noise, seed, length: frozen.length, classes });
    const training = await featuresPart(frozen, backbone, dataset.training, signal);
    const heldOut = await featuresPart(frozen, backbone, dataset.heldOut, signal);
    return { dataset, model, training, heldOut, whole: () => withHead(frozen, model) };
  }
  const dataset = await datasetOf(recipe);
  const { training, heldOut, input, labels } = dataset;
  const shape =
    input.kind === 'tensor' ? input.shape : [input.height, input.width, input.colour === 'grey' ? 1 : 3];
  const common = { tensorflow, noise, seed };
  if (recipe.task === 'autoencoder') {
    const make = input.kind === 'tensor' ? denseAutoencoder : convolutionalAutoencoder;
    return { dataset, model: make({ ...common, shape, code }), training, heldOut };
  }
  const [height = 0, width = 0, channels = 0] = shape;
  const make = net === 'conv' ? convolutionalClassifier : denseClassifier;
  const model = make({ ...common, height, width, channels, classes: labels?.length ?? 0 });
  return { dataset, model, training, heldOut };
}
