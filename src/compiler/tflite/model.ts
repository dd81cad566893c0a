import { GatewayError } from '../../errors.ts';
import { elements, type Tensor, type TensorType, tensorTypes } from '../tensor.ts';
import { FlatFile, type FlatTable, malformed } from './flat-table.ts';
import { operatorNames } from './operator-names.ts';

/** The first subgraph of a TFLite file: the net. */
export interface Net {
  readonly tensors: readonly TensorInfo[];
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly operators: readonly Operator[];
}

export interface TensorInfo {
  /** As people know it, for messages: `7 (MobilenetV1/Conv2d_0)`. */
  readonly label: string;
  readonly name: string;
  readonly type: TensorType;
  readonly shape: readonly number[];
  readonly quantization?: Quantization;
  /** The bytes of a constant; none of a value that the net computes. */
  readonly data: Uint8Array;
}

/** `real = (stored - zeroPoint) * scale`, one of each or one for each index along `axis`. */
export interface Quantization {
  readonly scales: readonly number[];
  readonly zeroPoints: readonly number[];
  readonly axis: number;
}

export interface Operator {
  /** As in the schema, `CONV_2D`, or the name of a custom one. */
  readonly op: string;
  /** Indices of tensors; -1 for one that is left out. */
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  /** What the operator is told, where it is told anything. */
  readonly options: FlatTable | undefined;
  readonly customOptions: Uint8Array;
}

/** `TensorType` of the schema. Others (strings, complex numbers, resources, 4 bits) no gateway computes with. */
const types: readonly (TensorType | undefined)[] = [
  'float32',
  'float16',
  'int32',
  'uint8',
  'int64',
  undefined,
  'bool',
  'int16',
  undefined,
  'int8',
  'float64',
];

/** Larger values no gateway holds: sizes beyond are those of a damaged file. */
const maxElements = 2 ** 28;

/**
 * Read a TFLite file. Field numbers are those of the public schema,
 * https://github.com/tensorflow/tensorflow/blob/master/tensorflow/compiler/mlir/lite/schema/schema.fbs.
 * Data are views into `file`.
 * @throws COMPILE_FAILED if it is none, or damaged.
 */
export function readNet(file: Uint8Array): Net {
  const model = new FlatFile(file).root('TFL3');
  const [graph, ...others] = model.tables(2);
  if (graph === undefined) throw malformed('no net in it');
  if (others.length > 0) throw malformed(`${others.length + 1} subgraphs, of control flow or several nets,`);
  const buffers = model.tables(4).map((buffer) => bufferBytes(buffer, file));
  const codes = model.tables(1).map(operatorName);
  const tensors = graph.tables(0).map((table, index) => readTensorInfo(table, index, buffers));
  const checked = (index: number) => {
    if (index < tensors.length && index >= -1) return index;
    throw malformed(`tensor ${index} of ${tensors.length}`);
  };
  return {
    tensors,
    inputs: graph.int32s(1).map(checked),
    outputs: graph.int32s(2).map(checked),
    operators: graph.tables(3).map((table) => {
      const op = codes[table.uint32(0)];
      if (op === undefined) throw malformed(`operator code ${table.uint32(0)} of ${codes.length}`);
      return {
        op,
        inputs: table.int32s(1).map(checked),
        outputs: table.int32s(2).map(checked),
        options: table.table(4),
        customOptions: table.bytes(5),
      };
    }),
  };
}

/** The old field held codes up to 127; what does not fit there is in the new one. */
function operatorName(table: FlatTable): string {
  const code = Math.max(table.int8(0), table.int32(3));
  const name = operatorNames[code] ?? `operator ${code}`;
  return name === 'CUSTOM' ? table.string(1) : name;
}

/** Of files over 2 GB buffers lie behind the tables. */
function bufferBytes(table: FlatTable, file: Uint8Array): Uint8Array {
  const offset = table.int64(1);
  if (offset <= 1) return table.bytes(0);
  const size = table.int64(2);
  if (size < 0 || offset + size > file.byteLength)
    throw malformed(`a buffer that ends at byte ${offset + size}`);
  return file.subarray(offset, offset + size);
}

function readTensorInfo(table: FlatTable, index: number, buffers: readonly Uint8Array[]): TensorInfo {
  const name = table.string(3);
  const label = `tensor ${index} (${name})`;
  const shape = table.int32s(0);
  const type = types[table.int8(1)];
  if (type === undefined) throw expected('numbers', label, `TFLite type ${table.int8(1)}`);
  if (table.table(6) !== undefined) throw expected('dense numbers', label, 'sparse ones');
  if (shape.some((size) => size < 0) || elements(shape) > maxElements) {
    throw expected(`sizes from 0 and at most ${maxElements} elements`, label, `[${shape}]`);
  }
  const data = buffers[table.uint32(2)];
  if (data === undefined) throw malformed(`buffer ${table.uint32(2)} of ${buffers.length}`);
  const quantization = table.table(4);
  const read = quantization && readQuantization(quantization, shape, label);
  return { label, name, type, shape, data, ...(read && { quantization: read }) };
}

function readQuantization(
  table: FlatTable,
  shape: readonly number[],
  label: string,
): Quantization | undefined {
  const scales = table.float32s(2);
  if (scales.length === 0) return undefined;
  const axis = scales.length === 1 ? 0 : table.int32(6);
  if (scales.length !== 1 && shape[axis] !== scales.length) {
    throw expected('a scale for each channel', label, `${scales.length} along axis ${axis} of [${shape}]`);
  }
  const zeroPoints = table.int64s(3);
  const wanted = scales.length;
  if (zeroPoints.length > 1 && zeroPoints.length !== wanted) {
    throw expected(`${wanted} zero points`, label, `${zeroPoints.length}`);
  }
  const bad = scales.find((scale) => !(scale > 0 && Number.isFinite(scale)));
  if (bad !== undefined) throw expected('scales above zero', label, `${bad}`);
  return {
    scales,
    zeroPoints: scales.map((_, i) => zeroPoints[zeroPoints.length === 1 ? 0 : i] ?? 0),
    axis,
  };
}

/**
 * The numbers of a constant, as they are stored.
 * @throws COMPILE_FAILED if the file has other than as many as the shape says.
 */
export function storedTensor({ type, shape, data, label }: TensorInfo): Tensor {
  const { array } = tensorTypes[type];
  const bytes = elements(shape) * array.BYTES_PER_ELEMENT;
  if (data.byteLength !== bytes) throw expected(`${bytes} bytes`, label, `${data.byteLength}`);
  // A copy, since a typed array of wider elements must start at a multiple of their size.
  return { type, dims: shape, data: new array(new Uint8Array(data).buffer) } as Tensor;
}

export function expected(what: string, of: string, received: string): GatewayError {
  return new GatewayError('COMPILE_FAILED', `Expected ${what} for ${of} but received ${received}`);
}
