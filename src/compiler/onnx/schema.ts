import { many, one, type Schema } from './codec.ts';

/**
 * The messages of ONNX's `onnx.proto` with the fields that the compiler reads or writes; others are skipped
 * as protocol buffers prescribe. Field numbers are those of the public schema,
 * https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3.
 */
export interface ModelProto {
  irVersion?: bigint;
  producerName?: string;
  producerVersion?: string;
  graph?: GraphProto;
  opsetImport?: readonly OperatorSetIdProto[];
  functions?: readonly Uint8Array[];
}

interface OperatorSetIdProto {
  domain?: string;
  version?: bigint;
}

export interface GraphProto {
  node?: readonly NodeProto[];
  name?: string;
  initializer?: readonly TensorProto[];
  sparseInitializer?: readonly Uint8Array[];
  input?: readonly ValueInfoProto[];
  output?: readonly ValueInfoProto[];
  valueInfo?: readonly ValueInfoProto[];
}

export interface NodeProto {
  input?: readonly string[];
  output?: readonly string[];
  name?: string;
  opType?: string;
  attribute?: readonly AttributeProto[];
  domain?: string;
}

export interface AttributeProto {
  name?: string;
  f?: number;
  i?: bigint;
  s?: Uint8Array;
  t?: TensorProto;
  g?: GraphProto;
  floats?: readonly number[];
  ints?: readonly bigint[];
  strings?: readonly Uint8Array[];
  /** Which of the fields above is meant, see `attributeTypes`. */
  type?: number;
}

export const attributeTypes = {
  float: 1,
  int: 2,
  string: 3,
  tensor: 4,
  graph: 5,
  floats: 6,
  ints: 7,
  strings: 8,
} as const;

export interface TensorProto {
  dims?: readonly bigint[];
  dataType?: number;
  floatData?: readonly number[];
  int32Data?: readonly number[];
  int64Data?: readonly bigint[];
  name?: string;
  rawData?: Uint8Array;
  doubleData?: readonly number[];
  uint64Data?: readonly bigint[];
  /** 1: the data lies in another file. */
  dataLocation?: number;
}

export interface ValueInfoProto {
  name?: string;
  type?: TypeProto;
}

export interface TypeProto {
  tensorType?: TensorTypeProto;
}

interface TensorTypeProto {
  elemType?: number;
  shape?: TensorShapeProto;
}

interface TensorShapeProto {
  dim?: readonly DimensionProto[];
}

export interface DimensionProto {
  dimValue?: bigint;
  dimParam?: string;
}

const dimension: Schema<DimensionProto> = { dimValue: one(1, 'int64'), dimParam: one(2, 'string') };

const tensorShape: Schema<TensorShapeProto> = { dim: many(1, () => dimension) };

const tensorType: Schema<TensorTypeProto> = { elemType: one(1, 'int32'), shape: one(2, () => tensorShape) };

const type: Schema<TypeProto> = { tensorType: one(1, () => tensorType) };

const valueInfo: Schema<ValueInfoProto> = { name: one(1, 'string'), type: one(2, () => type) };

export const tensor: Schema<TensorProto> = {
  dims: many(1, 'int64'),
  dataType: one(2, 'int32'),
  floatData: many(4, 'float'),
  int32Data: many(5, 'int32'),
  int64Data: many(7, 'int64'),
  name: one(8, 'string'),
  rawData: one(9, 'bytes'),
  doubleData: many(10, 'double'),
  uint64Data: many(11, 'uint64'),
  dataLocation: one(14, 'int32'),
};

const attribute: Schema<AttributeProto> = {
  name: one(1, 'string'),
  f: one(2, 'float'),
  i: one(3, 'int64'),
  s: one(4, 'bytes'),
  t: one(5, () => tensor),
  g: one(6, () => graph),
  floats: many(7, 'float'),
  ints: many(8, 'int64'),
  strings: many(9, 'bytes'),
  type: one(20, 'int32'),
};

const node: Schema<NodeProto> = {
  input: many(1, 'string'),
  output: many(2, 'string'),
  name: one(3, 'string'),
  opType: one(4, 'string'),
  attribute: many(5, () => attribute),
  domain: one(7, 'string'),
};

const graph: Schema<GraphProto> = {
  node: many(1, () => node),
  name: one(2, 'string'),
  initializer: many(5, () => tensor),
  input: many(11, () => valueInfo),
  output: many(12, () => valueInfo),
  valueInfo: many(13, () => valueInfo),
  sparseInitializer: many(15, 'bytes'),
};

const operatorSetId: Schema<OperatorSetIdProto> = { domain: one(1, 'string'), version: one(2, 'int64') };

export const model: Schema<ModelProto> = {
  irVersion: one(1, 'int64'),
  producerName: one(2, 'string'),
  producerVersion: one(3, 'string'),
  graph: one(7, () => graph),
  opsetImport: many(8, () => operatorSetId),
  functions: many(25, 'bytes'),
};
