/** Element types by their ONNX names in lower case, with the arrays that carry them. */
export interface TensorData {
  float32: Float32Array;
  uint8: Uint8Array;
  int8: Int8Array;
  uint16: Uint16Array;
  int16: Int16Array;
  int32: Int32Array;
  int64: BigInt64Array;
  /** One byte an element, 0 or 1. */
  bool: Uint8Array;
  /** IEEE 754 binary16, as bits. */
  float16: Uint16Array;
  float64: Float64Array;
  uint32: Uint32Array;
  uint64: BigUint64Array;
}

export type TensorType = keyof TensorData;

/** A dense tensor, row by row: `data.length` is the product of `dims`, 1 for a scalar (`dims` empty). */
export type Tensor = {
  [T in TensorType]: TypedTensor<T>;
}[TensorType];

export interface TypedTensor<T extends TensorType> {
  readonly type: T;
  readonly dims: readonly number[];
  readonly data: TensorData[T];
}

/** `TensorProto.DataType` and the array of each type. */
export const tensorTypes: {
  readonly [T in TensorType]: {
    readonly code: number;
    readonly array: { new (buffer: ArrayBuffer): TensorData[T]; readonly BYTES_PER_ELEMENT: number };
  };
} = {
  float32: { code: 1, array: Float32Array },
  uint8: { code: 2, array: Uint8Array },
  int8: { code: 3, array: Int8Array },
  uint16: { code: 4, array: Uint16Array },
  int16: { code: 5, array: Int16Array },
  int32: { code: 6, array: Int32Array },
  int64: { code: 7, array: BigInt64Array },
  bool: { code: 9, array: Uint8Array },
  float16: { code: 10, array: Uint16Array },
  float64: { code: 11, array: Float64Array },
  uint32: { code: 12, array: Uint32Array },
  uint64: { code: 13, array: BigUint64Array },
};

export function isTensorType(type: string): type is TensorType {
  return Object.hasOwn(tensorTypes, type);
}

/** How many elements a tensor of these sizes has. */
export function elements(dims: readonly number[]): number {
  return dims.reduce((product, size) => product * size, 1);
}
