import type { Tensor as RuntimeTensor } from '../../compiler/tensor.ts';
import { GatewayError } from '../../errors.ts';
import type { Box } from '../../image.ts';
import type { Manifest, PictureInput, TensorInput } from '../manifest.ts';
import type { Tensors } from '../model.ts';
import { type LoadOptions, unpackImage, type WireError, type WireInputs, wireError } from '../protocol.ts';
import { decode } from './decode.ts';
import type { View } from './detect/detect.ts';
import { checkTensors, type PictureBatch, pictureBatch, tensorBatch } from './inputs.ts';
import { placement } from './placement.ts';
import type { Pixels } from './resize.ts';

/** What the net is fed with, and which inputs of the batch were refused: those have no row. */
export interface Filled {
  readonly feeds: Readonly<Record<string, RuntimeTensor>>;
  /** Rows of each tensor. */
  readonly size: number;
  readonly refused: readonly (readonly [index: number, error: WireError])[];
  /** Width and height of each picture that was taken. */
  readonly pictures?: Uint32Array;
  /** Where each of them came to stand. */
  readonly views?: readonly View[];
}

/** How the inputs of a batch become the tensors of this net. One call at a time. */
export function filler(
  manifest: Manifest,
  { maxBatch, maxPixels }: Pick<LoadOptions, 'maxBatch' | 'maxPixels'>,
): (inputs: WireInputs) => Promise<Filled> {
  const tensors: Record<string, TensorInput> = {};
  let picture: { name: string; input: PictureInput } | undefined;
  for (const [name, input] of Object.entries(manifest.inputs)) {
    if (input.kind === 'tensor') tensors[name] = input;
    else picture = { name, input };
  }
  if (!picture) return async (inputs) => fillTensors(tensors, inputs);
  if (Object.keys(tensors).length > 0) {
    throw new GatewayError(
      'MODEL_LOAD_FAILED',
      `Expected a picture or tensors for the inputs but received ${picture.name} and ${Object.keys(tensors)}`,
    );
  }
  const { name, input } = picture;
  const batch = pictureBatch(input, maxBatch);
  return (inputs) => fillPictures(name, input, batch, maxPixels, inputs);
}

/** One after another: the memory of one decoded picture is all that a batch of any size takes. */
async function fillPictures(
  name: string,
  input: PictureInput,
  batch: PictureBatch,
  maxPixels: number,
  inputs: WireInputs,
): Promise<Filled> {
  if (inputs.kind !== 'images') throw unexpected('pictures', inputs.kind);
  const refused: [number, WireError][] = [];
  const count = inputs.data.length;
  const pictures = new Uint32Array(count * 2);
  const views: View[] = [];
  let size = 0;
  for (let i = 0; i < count; i++) {
    try {
      const image = unpackImage(inputs, i);
      const pixels = await decode(image, input.colour, maxPixels);
      batch.put(pixels, image, size);
      views.push(viewOf(pixels, image.region, input));
      pictures.set([pixels.width, pixels.height], size * 2);
      size++;
    } catch (error) {
      refused.push([i, wireError(error, 'FRAME_INVALID')]);
    }
  }
  const feeds = { [name]: batch.tensor(size) };
  return { feeds, size, refused, pictures: pictures.subarray(0, size * 2), views };
}

const whole: Box = { x: 0, y: 0, width: 1, height: 1 };

function viewOf(pixels: Pixels, region: Box = whole, input: PictureInput): View {
  return {
    placement: placement(pixels, region, input),
    left: region.x * pixels.width,
    top: region.y * pixels.height,
    width: region.width * pixels.width,
    height: region.height * pixels.height,
  };
}

function fillTensors(declared: Readonly<Record<string, TensorInput>>, inputs: WireInputs): Filled {
  if (inputs.kind !== 'tensors') throw unexpected('tensors', inputs.kind);
  const refused: [number, WireError][] = [];
  const taken: Tensors[] = [];
  for (const [i, sample] of inputs.tensors.entries()) {
    try {
      checkTensors(declared, sample);
      taken.push(sample);
    } catch (error) {
      refused.push([i, wireError(error, 'REQUEST_INVALID')]);
    }
  }
  const feeds = Object.entries(declared).map(([name, input]) => [name, tensorBatch(name, input, taken)]);
  return { feeds: Object.fromEntries(feeds), size: taken.length, refused };
}

function unexpected(expected: string, received: string): GatewayError {
  return new GatewayError('REQUEST_INVALID', `Expected ${expected} for this model but received ${received}`);
}
