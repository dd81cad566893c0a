import { Builder } from 'flatbuffers';
import { operatorNames } from './operator-names.ts';

/** `TensorType` of the schema. */
const typeCodes = {
  float32: 0,
  float16: 1,
  int32: 2,
  uint8: 3,
  int64: 4,
  bool: 6,
  int16: 7,
  int8: 9,
} as const;

type Scalar = keyof typeof typeCodes;

export interface TensorSpec {
  /** Default: the place of the tensor. */
  readonly name?: string;
  readonly shape: readonly number[];
  readonly type?: Scalar;
  /** Of a constant. */
  readonly data?: ArrayBufferView;
  readonly scale?: number | readonly number[];
  readonly zeroPoint?: number | readonly number[];
  readonly axis?: number;
}

/** A field of an options table: its number and its value. */
export type Field = readonly [
  field: number,
  type: 'int8' | 'int32' | 'float32' | 'int32s',
  value: number | readonly number[],
];

export interface OperatorSpec {
  readonly op: string;
  /** Of the operator, the same wherever it stands in a net: runtimes refuse versions that they do not know. */
  readonly version?: number;
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  /** `BuiltinOptions` of the schema, by its number, and the fields of the table. */
  readonly options?: readonly [union: number, ...fields: Field[]];
  readonly custom?: Uint8Array;
}

export interface NetSpec {
  readonly tensors: readonly TensorSpec[];
  readonly operators: readonly OperatorSpec[];
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
}

/** A TFLite file of these tensors and operators, tensor `i` under its name, else `ti`. */
export function writeTflite({ tensors, operators, inputs, outputs }: NetSpec): Uint8Array {
  const to = new Builder(1024);
  const codes = [...new Set(operators.map(({ op }) => op))];
  const buffers = [new Uint8Array(), ...tensors.map(({ data }) => bytesOf(data))].map((bytes) => {
    // Weights in the file lie at multiples of 16, as the schema wants it.
    if (bytes.length > 0) to.startVector(1, bytes.length, 16);
    for (const byte of bytes.toReversed()) to.addInt8((byte << 24) >> 24);
    const data = bytes.length > 0 ? to.endVector() : 0;
    return table(to, 1, [[0, 'offset', data]]);
  });
  const tensorTables = tensors.map((spec, i) => {
    const name = to.createString(spec.name ?? `t${i}`);
    const shape = vector(to, 'int32', spec.shape);
    const quantization = quantizationTable(to, spec);
    return table(to, 8, [
      [0, 'offset', shape],
      [1, 'int8', typeCodes[spec.type ?? 'float32']],
      [2, 'int32', spec.data ? i + 1 : 0],
      [3, 'offset', name],
      [4, 'offset', quantization],
    ]);
  });
  const operatorTables = operators.map((spec) => {
    const [union, ...fields] = spec.options ?? [0];
    const options = spec.options ? optionsTable(to, fields) : 0;
    const custom = spec.custom ? vector(to, 'int8', [...spec.custom]) : 0;
    const read = vector(to, 'int32', spec.inputs);
    const given = vector(to, 'int32', spec.outputs);
    return table(to, 9, [
      [0, 'int32', codes.indexOf(spec.op)],
      [1, 'offset', read],
      [2, 'offset', given],
      [3, 'int8', union],
      [4, 'offset', options],
      [5, 'offset', custom],
    ]);
  });
  const tensorVector = vector(to, 'offset', tensorTables);
  const inputVector = vector(to, 'int32', inputs);
  const outputVector = vector(to, 'int32', outputs);
  const operatorVector = vector(to, 'offset', operatorTables);
  const subgraph = table(to, 5, [
    [0, 'offset', tensorVector],
    [1, 'offset', inputVector],
    [2, 'offset', outputVector],
    [3, 'offset', operatorVector],
  ]);
  const codeTables = codes.map((op) => {
    const builtin = operatorNames.indexOf(op);
    const custom = builtin < 0 ? to.createString(op) : 0;
    const code = builtin < 0 ? operatorNames.indexOf('CUSTOM') : builtin;
    return table(to, 4, [
      [0, 'int8', Math.min(code, 127)],
      [1, 'offset', custom],
      [2, 'int32', builtin < 0 ? 1 : versionOf(op, operators)],
      [3, 'int32', code],
    ]);
  });
  const codeVector = vector(to, 'offset', codeTables);
  const subgraphs = vector(to, 'offset', [subgraph]);
  const bufferVector = vector(to, 'offset', buffers);
  const model = table(to, 8, [
    [0, 'int32', 3],
    [1, 'offset', codeVector],
    [2, 'offset', subgraphs],
    [4, 'offset', bufferVector],
  ]);
  to.finish(model, 'TFL3');
  return to.asUint8Array();
}

function versionOf(op: string, operators: readonly OperatorSpec[]): number {
  return operators.find((spec) => spec.op === op)?.version ?? versions[op] ?? 1;
}

/** LiteRT refuses what the first version of an operator did not have, so each has a late one. */
const versions: Readonly<Record<string, number>> = { FULLY_CONNECTED: 5, STRIDED_SLICE: 4 };

type Cell = readonly [field: number, type: 'int8' | 'int32' | 'float32' | 'offset', value: number];

function table(to: Builder, fields: number, cells: readonly Cell[]): number {
  to.startObject(fields);
  for (const [field, type, value] of cells) {
    // Defaults are written too: what a reader makes of them is part of what is tested elsewhere.
    if (type === 'offset') to.addFieldOffset(field, value, 0);
    else if (type === 'int8') to.addFieldInt8(field, value, 0);
    else if (type === 'int32') to.addFieldInt32(field, value, 0);
    else to.addFieldFloat32(field, value, 0);
  }
  return to.endObject();
}

function optionsTable(to: Builder, fields: readonly Field[]): number {
  const cells = fields.map(([field, type, value]): Cell => {
    if (type === 'int32s') return [field, 'offset', vector(to, 'int32', value as readonly number[])];
    return [field, type, value as number];
  });
  return table(to, Math.max(0, ...fields.map(([field]) => field + 1)), cells);
}

function quantizationTable(to: Builder, { scale, zeroPoint = 0, axis = 0 }: TensorSpec): number {
  if (scale === undefined) return 0;
  const scales = [scale].flat();
  const zeroPoints = [zeroPoint].flat();
  const scaleVector = vector(to, 'float32', scales);
  const all = scales.map((_, i) => zeroPoints[zeroPoints.length === 1 ? 0 : i] ?? 0);
  const zeroVector = vector(to, 'int64', all);
  return table(to, 7, [
    [2, 'offset', scaleVector],
    [3, 'offset', zeroVector],
    [6, 'int32', axis],
  ]);
}

function vector(
  to: Builder,
  type: 'int8' | 'int32' | 'int64' | 'float32' | 'offset',
  values: readonly number[],
): number {
  const width = { int8: 1, int32: 4, int64: 8, float32: 4, offset: 4 }[type];
  to.startVector(width, values.length, width);
  for (const value of values.toReversed()) {
    if (type === 'offset') to.addOffset(value);
    else if (type === 'int8') to.addInt8((value << 24) >> 24);
    else if (type === 'int32') to.addInt32(value);
    else if (type === 'int64') to.addInt64(BigInt(value));
    else to.addFloat32(value);
  }
  return to.endVector();
}

function bytesOf(data: ArrayBufferView | undefined): Uint8Array {
  return data ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : new Uint8Array();
}
