import type { Tensor as RuntimeTensor } from '../../compiler/tensor.ts';
import { GatewayError } from '../../errors.ts';
import type { Image } from '../../image.ts';
import type { PictureInput, TensorInput } from '../manifest.ts';
import type { Tensors } from '../model.ts';
import { similarity, warp } from './align.ts';
import { type Pixels, resize } from './resize.ts';
import { pictureShape } from './signature.ts';

/** Which part of a picture is meant. */
type Meant = Pick<Image, 'region' | 'landmarks'>;

/** The input tensor of a batch of pictures, filled one by one. Made once and used for every batch. */
export interface PictureBatch {
  /** Scale a region of `pixels`, or align all of it by landmarks, into row `slot`. */
  put(pixels: Pixels, image: Meant, slot: number): void;
  /** The first `count` rows. Valid until the next `put`. */
  tensor(count: number): RuntimeTensor;
}

/** The kernel writes uint8 NHWC straight into the batch; other layouts and types take one more pass a picture. */
export function pictureBatch(input: PictureInput, maxBatch: number): PictureBatch {
  const { width, height, layout, type } = input;
  const channels = input.colour === 'grey' ? 1 : 3;
  const size = width * height * channels;
  const shape = pictureShape(input);
  if (type === 'uint8' && (layout === 'nhwc' || channels === 1)) {
    const data = new Uint8Array(maxBatch * size);
    return {
      put: (pixels, image, slot) => place(pixels, image, input, data, slot * size),
      tensor: (count) => ({ type, data: data.subarray(0, count * size), dims: [count, ...shape] }),
    };
  }
  const bytes = new Uint8Array(size);
  const spread = layout === 'nhwc' ? 1 : width * height;
  if (type === 'uint8') {
    const data = new Uint8Array(maxBatch * size);
    return {
      put(pixels, image, slot) {
        place(pixels, image, input, bytes, 0);
        for (let from = 0, to = slot * size; from < size; to++) {
          for (let c = 0; c < channels; c++) data[to + c * spread] = bytes[from++] ?? 0;
        }
      },
      tensor: (count) => ({ type, data: data.subarray(0, count * size), dims: [count, ...shape] }),
    };
  }
  const data = new Float32Array(maxBatch * size);
  const values = realValues(input, channels);
  const step = layout === 'nhwc' ? channels : 1;
  return {
    put(pixels, image, slot) {
      place(pixels, image, input, bytes, 0);
      for (let from = 0, to = slot * size; from < size; to += step) {
        for (let c = 0; c < channels; c++) {
          data[to + c * spread] = values[c * 256 + (bytes[from++] ?? 0)] ?? 0;
        }
      }
    },
    tensor: (count) => ({ type, data: data.subarray(0, count * size), dims: [count, ...shape] }),
  };
}

function place(pixels: Pixels, image: Meant, input: PictureInput, out: Uint8Array, at: number): void {
  const { landmarks, region } = image;
  const turn = landmarks && input.landmarks && similarity(input.landmarks, landmarks, input, pixels);
  if (turn) warp(pixels, turn, input, out, at);
  else resize(pixels, region, input, out, at);
}

/** `byte * scale + offset` for all bytes of all channels: `[channels, 256]`. */
function realValues({ scale = 1, offset = 0 }: PictureInput, channels: number): Float32Array {
  const of = (value: number | readonly number[], channel: number) =>
    typeof value === 'number' ? value : (value[channel] ?? 0);
  return Float32Array.from(
    { length: channels * 256 },
    (_, i) => (i & 255) * of(scale, i >> 8) + of(offset, i >> 8),
  );
}

/** The rows of several samples as one input tensor of the net. They fit: `checkTensors` has seen to it. */
export function tensorBatch(name: string, input: TensorInput, samples: readonly Tensors[]): RuntimeTensor {
  const size = input.shape.reduce((product, side) => product * side, 1);
  const dims = [samples.length, ...input.shape];
  const data =
    input.type === 'uint8' ? new Uint8Array(samples.length * size) : new Float32Array(samples.length * size);
  for (const [slot, sample] of samples.entries()) data.set(sample[name]?.data ?? [], slot * size);
  return data instanceof Uint8Array ? { type: 'uint8', data, dims } : { type: 'float32', data, dims };
}

/** @throws REQUEST_INVALID if a sample does not have exactly the numbers that the net takes. */
export function checkTensors(inputs: Readonly<Record<string, TensorInput>>, sample: Tensors): void {
  for (const [name, { type, shape }] of Object.entries(inputs)) {
    const given = sample[name];
    const kind = given?.data instanceof Uint8Array ? 'uint8' : 'float32';
    const size = shape.reduce((product, side) => product * side, 1);
    if (given?.data.length !== size || kind !== type || given.shape.join() !== shape.join()) {
      throw new GatewayError(
        'REQUEST_INVALID',
        `Expected ${type} [${shape}] for input ${name} but received ${given ? `${kind} [${given.shape}]` : 'nothing'}`,
      );
    }
  }
}
