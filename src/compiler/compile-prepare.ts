import { GatewayError } from '../errors.ts';
import type { Graph } from './graph.ts';
import type { Imported } from './imported.ts';
import { type ByteInput, takeBytes, wholeNumbersAsFloats, zeroPointOf } from './passes/byte-input.ts';
import { type PictureValue, type Preprocessing, pictureInput, takePicture } from './passes/picture-input.ts';
import { raiseTransposes } from './passes/raise-transposes.ts';
import { simplify } from './passes/simplify.ts';
import type { Tensor, TypedTensor } from './tensor.ts';

/** An imported graph after the passes, before it is quantized. */
export interface Prepared extends Pick<ByteInput, 'graph'> {
  /** Of a net that takes pictures: its input is still float, of the numbers that `meaning` gives bytes. */
  readonly picture?: PictureValue & Pick<ByteInput, 'meaning'>;
}

/** @throws COMPILE_FAILED if there is preprocessing and no input of floats to do it with. */
export async function prepare(
  imported: Imported,
  preprocessing: Preprocessing | undefined,
): Promise<Prepared> {
  const graph = await simplify(imported.graph);
  if (preprocessing === undefined) return { graph };
  const picture = pictureInput(graph, preprocessing.layout);
  const type = graph.inputs.find(({ name }) => name === picture?.name)?.type;
  if (picture === undefined || (type !== 'float32' && type !== 'int32')) {
    const inputs = graph.inputs.map(({ name, type, shape }) => `${name}: ${type} [${shape}]`).join(', ');
    const text = `Expected an input of pictures as floats for the preprocessing but received ${inputs}`;
    throw new GatewayError('COMPILE_FAILED', text);
  }
  const floats = type === 'int32' ? wholeNumbersAsFloats(graph, picture.name) : graph;
  const taken = await simplify(takePicture(floats, picture, preprocessing));
  const { graph: shifted, meaning } = zeroPointOf(taken, picture.name);
  return { graph: shifted, picture: { ...picture, meaning } };
}

/** The graph that runs in float, with bytes for a picture's input. */
export function floatGraph({ graph, picture }: Prepared): Graph {
  return picture === undefined
    ? graph
    : raiseTransposes(takeBytes({ graph, meaning: picture.meaning }, picture.name));
}

/** What the source was fed with before its preprocessing became part of it, from bytes of `[N, H, W, C]`. */
export function sourcePicture(
  { graph }: Imported,
  bytes: TypedTensor<'uint8'>,
  { name, layout }: PictureValue,
  { scale = 1, mean = 0, std = 1, colour }: Preprocessing,
): Tensor {
  const [rows = 0, height = 0, width = 0, channels = 0] = bytes.dims;
  const data = new Float32Array(bytes.data.length);
  const numberOf = (list: number | readonly number[], channel: number) =>
    typeof list === 'number' ? list : (list[list.length === 1 ? 0 : channel] ?? 0);
  const pixels = height * width;
  for (const [i, byte] of bytes.data.entries()) {
    const pixel = Math.floor(i / channels);
    const channel = colour === 'bgr' ? channels - 1 - (i % channels) : i % channels;
    const plane = Math.floor(pixel / pixels) * channels + channel;
    const at = layout === 'nhwc' ? pixel * channels + channel : plane * pixels + (pixel % pixels);
    data[at] = (byte * scale - numberOf(mean, channel)) / numberOf(std, channel);
  }
  const dims = layout === 'nhwc' ? bytes.dims : [rows, channels, height, width];
  const type = graph.inputs.find((input) => input.name === name)?.type;
  return type === 'int32' ? { type, dims, data: Int32Array.from(data) } : { type: 'float32', dims, data };
}
