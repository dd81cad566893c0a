import { fromHalves } from '../half.ts';
import { elements, type Tensor, tensorTypes } from '../tensor.ts';
import { failed, field, integer, list, number, object, text, unexpected } from './json.ts';

/** One entry of `weightsManifest[].weights`. */
export interface WeightSpec {
  readonly name: string;
  readonly dims: readonly number[];
  readonly type: 'float32' | 'int32' | 'bool';
  readonly stored: Stored;
}

/** How the numbers lie in the file: as they are, as halves, or as steps: `value * scale + min`. */
type Stored =
  | { readonly as: 'float32' | 'int32' | 'bool' | 'float16' }
  | { readonly as: 'uint8' | 'uint16'; readonly scale: number; readonly min: number };

/** Larger constants no gateway holds: sizes beyond are those of a damaged file. */
const maxElements = 2 ** 28;

/** @throws COMPILE_FAILED */
export function readSpec(value: unknown, what: string): WeightSpec {
  const spec = object(value, what);
  const name = text(field(spec, 'name'), `the name of ${what}`);
  const label = `weight ${name}`;
  const dims = list(field(spec, 'shape'), `the shape of ${label}`).map((size) => integer(size, label));
  if (dims.some((size) => size < 0) || elements(dims) > maxElements) {
    throw failed(`sizes from 0 and at most ${maxElements} elements`, label, `[${dims}]`);
  }
  const type = field(spec, 'dtype');
  if (type !== 'float32' && type !== 'int32' && type !== 'bool') {
    throw unexpected('float32, int32 or bool', label, type);
  }
  return { name, dims, type, stored: readStored(field(spec, 'quantization'), type, label) };
}

function readStored(value: unknown, type: WeightSpec['type'], label: string): Stored {
  if (value === undefined || value === null) return { as: type };
  const quantization = object(value, `the quantization of ${label}`);
  const as = field(quantization, 'dtype');
  if (as === 'float16' && type === 'float32') return { as };
  if ((as === 'uint8' || as === 'uint16') && type !== 'bool') {
    const scale = number(field(quantization, 'scale'), `the scale of ${label}`);
    return { as, scale, min: number(field(quantization, 'min'), `the least number of ${label}`) };
  }
  throw unexpected('a quantization to uint8, uint16 or float16', label, as);
}

const arrays = { ...tensorTypes, float16: tensorTypes.uint16 };

export function storedBytes({ dims, stored }: WeightSpec): number {
  return elements(dims) * arrays[stored.as].array.BYTES_PER_ELEMENT;
}

/** The tensor whose numbers begin at byte `offset` of `data`. */
export function readWeight({ dims, type, stored }: WeightSpec, data: Uint8Array, offset: number): Tensor {
  const { array } = arrays[stored.as];
  // A copy, since a typed array of wider elements must start at a multiple of their size.
  const bytes = new Uint8Array(data.subarray(offset, offset + elements(dims) * array.BYTES_PER_ELEMENT));
  if (stored.as === 'float16') {
    return { type: 'float32', dims, data: fromHalves(new Uint16Array(bytes.buffer)) };
  }
  if (stored.as === 'uint8' || stored.as === 'uint16') {
    const steps = stored.as === 'uint8' ? bytes : new Uint16Array(bytes.buffer);
    const { scale, min } = stored;
    if (type === 'int32') {
      return { type, dims, data: Int32Array.from(steps, (step) => Math.round(step * scale + min)) };
    }
    return { type: 'float32', dims, data: Float32Array.from(steps, (step) => step * scale + min) };
  }
  return { type: stored.as, dims, data: new array(bytes.buffer) } as Tensor;
}
