import { GatewayError } from '../../errors.ts';
import { elements, type Tensor, type TensorType, tensorTypes } from '../tensor.ts';
import type { TensorProto } from './schema.ts';

const typesByCode = new Map(
  Object.entries(tensorTypes).map(([type, { code }]) => [code, type as TensorType]),
);

/** @throws COMPILE_FAILED for a type that no tensor here has. */
export function typeOfCode(code: number, what: string): TensorType {
  const type = typesByCode.get(code);
  if (type !== undefined) return type;
  throw invalid('numbers', what, `ONNX data type ${code}`);
}

/**
 * The tensor in `proto`, its data copied out of the file.
 * @throws COMPILE_FAILED if it holds no numbers, other than its shape says, or keeps them in another file.
 */
export function readTensor(proto: TensorProto): Tensor {
  const what = `tensor ${proto.name ?? ''}`;
  if (proto.dataLocation === 1) throw invalid('data inside the model', what, 'a reference to another file');
  const type = typeOfCode(proto.dataType ?? 0, what);
  const dims = (proto.dims ?? []).map(Number);
  const { array } = tensorTypes[type];
  const bytes = elements(dims) * array.BYTES_PER_ELEMENT;
  const raw = proto.rawData ?? packedBytes(proto, type);
  if (raw.byteLength !== bytes) throw invalid(`${bytes} bytes of data`, what, `${raw.byteLength}`);
  // A copy, since a typed array of wider elements must start at a multiple of their size.
  return { type, dims, data: new array(new Uint8Array(raw).buffer) } as Tensor;
}

export function writeTensor(name: string, { type, dims, data }: Tensor): TensorProto {
  return {
    name,
    dataType: tensorTypes[type].code,
    dims: dims.map(BigInt),
    // Little-endian, as is every computer that this runs on.
    rawData: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
  };
}

/** The fields of each type where the file has no `raw_data`; narrow integers lie in `int32_data`. */
function packedBytes(proto: TensorProto, type: TensorType): Uint8Array {
  const narrow = proto.int32Data ?? [];
  const wide = proto.uint64Data ?? [];
  switch (type) {
    case 'float32':
      return bytesOf(Float32Array.from(proto.floatData ?? []));
    case 'float64':
      return bytesOf(Float64Array.from(proto.doubleData ?? []));
    case 'int64':
      return bytesOf(BigInt64Array.from(proto.int64Data ?? []));
    case 'uint64':
      return bytesOf(BigUint64Array.from(wide));
    case 'uint32':
      return bytesOf(Uint32Array.from(wide, Number));
    case 'int32':
      return bytesOf(Int32Array.from(narrow));
    case 'int16':
    case 'uint16':
    case 'float16':
      return bytesOf(Uint16Array.from(narrow));
    case 'int8':
    case 'uint8':
    case 'bool':
      return bytesOf(Uint8Array.from(narrow));
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function invalid(expected: string, what: string, received: string): GatewayError {
  return new GatewayError('COMPILE_FAILED', `Expected ${expected} for ${what} but received ${received}`);
}
