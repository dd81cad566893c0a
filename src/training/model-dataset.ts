import { type CompileOptions, compile } from '../compiler/compile.ts';
import { pictureInput } from '../compiler/passes/picture-input.ts';
import { GatewayError } from '../errors.ts';
import type { Dataset, InputSpec } from './dataset.ts';
import { folderDataset } from './folder-dataset.ts';

/**
 * The pictures of a folder, a folder a class, at the size that a model takes.
 * @throws REQUEST_INVALID if it takes no pictures of bytes.
 */
export async function labelledPictures(
  source: Pick<CompileOptions, 'path' | 'preprocessing'>,
  folder: string,
  resize: Extract<InputSpec, { kind: 'picture' }>['resize'],
): Promise<Dataset> {
  const { graph } = await compile(source);
  const picture = pictureInput(graph, 'nhwc');
  const bytes = graph.inputs.find(({ name }) => name === picture?.name)?.type === 'uint8';
  if (!bytes || !picture?.width || !picture.height) {
    const text = `Expected a net that takes pictures, with --mean, --std or --scale, for ${source.path} but received another`;
    throw new GatewayError('REQUEST_INVALID', text);
  }
  const { width, height, channels } = picture;
  const input = { kind: 'picture', width, height, colour: channels === 1 ? 'grey' : 'rgb', resize } as const;
  return folderDataset({ folder, input, seed: 1, classes: true });
}
