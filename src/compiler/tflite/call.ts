import type { NhwcBuilder, Value } from '../nhwc-builder.ts';
import { elementwise } from '../nhwc-elementwise.ts';
import { sameMeaning } from '../nhwc-moves.ts';
import type { Parameters } from '../quantization.ts';
import type { FlatTable } from './flat-table.ts';
import type { TensorInfo } from './model.ts';
import { meaningOf } from './stored.ts';

/** One operator while it is imported: what it reads, what it is told, what it is to give. */
export interface Call {
  readonly builder: NhwcBuilder;
  readonly op: string;
  /** `undefined` for one that is left out. */
  readonly inputs: readonly (Operand | undefined)[];
  readonly outputs: readonly TensorInfo[];
  /** Missing where the operator is told nothing: every field then has its default. */
  readonly options: FlatTable | undefined;
  readonly customOptions: Uint8Array;
}

export interface Operand {
  readonly value: Value;
  readonly info: TensorInfo;
}

/** What an operator of TFLite becomes; an output for each of the call's. */
export type Importer = (call: Call) => Value | readonly Value[];

export function operand(call: Call, index: number): Operand {
  const found = call.inputs[index];
  if (found === undefined) throw new RangeError(`Expected an input ${index} but received none`);
  return found;
}

export function input(call: Call, index: number): Value {
  return operand(call, index).value;
}

export function output(call: Call, index = 0): TensorInfo {
  const found = call.outputs[index];
  if (found === undefined) throw new RangeError(`Expected an output ${index} but received none`);
  return found;
}

/** The integers of a constant input, such as axes. */
export function integersOf(call: Call, index: number): number[] {
  const { value, info } = operand(call, index);
  const { tensor } = value;
  if (tensor?.type === 'int32') return [...tensor.data];
  if (tensor?.type === 'int64') return Array.from(tensor.data, Number);
  throw new RangeError(
    `Expected constant integers for ${info.label} but received ${tensor?.type ?? 'a value'}`,
  );
}

/** `ActivationFunctionType` of the schema. */
const activations = ['none', 'relu', 'reluN1To1', 'relu6', 'tanh'] as const;

type Activation = (typeof activations)[number];

const clamps = {
  relu: [0, Number.POSITIVE_INFINITY],
  reluN1To1: [-1, 1],
  relu6: [0, 6],
} as const;

/**
 * The value after the activation that was fused into its operator, field `field` of the options. Bytes have
 * been clamped by their range already where that ends where the activation does, and it then costs nothing.
 */
export function activated(call: Call, value: Value, field: number): Value {
  const code = call.options?.int8(field) ?? 0;
  const activation = activations[code];
  if (activation === undefined) throw new RangeError(`Expected a known activation but received ${code}`);
  return activate(call, value, activation);
}

export function activate(call: Call, value: Value, activation: Activation): Value {
  const { builder } = call;
  if (activation === 'none') return value;
  if (activation === 'tanh') return elementwise(builder, 'Tanh', [value]);
  const meaning = meaningOf(output(call));
  const [least, greatest] = clamps[activation];
  if (meaning === undefined) {
    return activation === 'relu'
      ? elementwise(builder, 'Relu', [value])
      : elementwise(builder, 'Clip', [value, scalar(builder, least), scalar(builder, greatest)]);
  }
  const bytes = withMeaning(builder, value, meaning);
  const byte = (real: number) =>
    Math.min(255, Math.max(0, meaning.zeroPoint + Math.round(real / meaning.scale)));
  return clampedBytes(builder, bytes, byte(least), byte(greatest));
}

function clampedBytes(builder: NhwcBuilder, value: Value, least: number, greatest: number): Value {
  if (least === 0 && greatest === 255) return value;
  const layout = builder.layoutOf([value]);
  const limits = [least, greatest].map((limit) =>
    builder.graph.constant('limit', { type: 'uint8', dims: [], data: Uint8Array.of(limit) }),
  );
  const name = builder.graph.add('Clip', [builder.in(layout, value), ...limits]);
  return builder.value(name, { ...value, layout });
}

/** The value as bytes of this meaning; itself where it is. */
function withMeaning(builder: NhwcBuilder, value: Value, meaning: Parameters): Value {
  if (value.quantization && sameMeaning(value.quantization, meaning)) return value;
  return builder.quantized(value, meaning);
}

/** The value as bytes where the output of the call is bytes. */
export function asOutput(call: Call, value: Value, index = 0): Value {
  const meaning = meaningOf(output(call, index));
  return meaning ? withMeaning(call.builder, value, meaning) : value;
}

export function scalar(builder: NhwcBuilder, value: number): Value {
  return builder.constant({ type: 'float32', dims: [], data: Float32Array.of(value) });
}
