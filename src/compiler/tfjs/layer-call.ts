import type { NhwcBuilder, Value } from '../nhwc-builder.ts';
import type { Pair } from '../nhwc-windows.ts';
import { field, type Json, list, number, text, unexpected } from './json.ts';

/** One layer of Keras while it is imported. */
export interface LayerCall {
  readonly builder: NhwcBuilder;
  readonly name: string;
  readonly config: Json;
  readonly inputs: readonly Value[];
  /** @throws COMPILE_FAILED if there is none, or more than one that could be meant. */
  weight(name: string): Value;
}

export type Layer = (call: LayerCall) => Value;
export type Layers = Readonly<Record<string, Layer>>;

export function only({ inputs }: LayerCall): Value {
  const [value, ...others] = inputs;
  if (value !== undefined && others.length === 0) return value;
  throw new RangeError(`Expected one input but received ${inputs.length}`);
}

/** What the layer is told under `key`; Keras writes `null` where it is told nothing. */
function setting({ config }: LayerCall, key: string): unknown {
  return field(config, key) ?? undefined;
}

const place = ({ name }: LayerCall, key: string) => `${key} of layer ${name}`;

export function numberOf(call: LayerCall, key: string, fallback: number): number {
  const value = setting(call, key);
  return value === undefined ? fallback : number(value, place(call, key));
}

export function flagOf(call: LayerCall, key: string, fallback: boolean): boolean {
  const value = setting(call, key) ?? fallback;
  if (typeof value === 'boolean') return value;
  throw unexpected('true or false', place(call, key), value);
}

export function textOf(call: LayerCall, key: string, fallback: string): string {
  return text(setting(call, key) ?? fallback, place(call, key));
}

/** A list of integers, or one alone. */
export function integersOf(call: LayerCall, key: string, fallback: readonly number[]): readonly number[] {
  const value = setting(call, key);
  if (value === undefined) return fallback;
  const values = typeof value === 'number' ? [value] : list(value, place(call, key));
  return values.map((each) => {
    if (typeof each === 'number' && Number.isSafeInteger(each)) return each;
    throw unexpected('an integer', place(call, key), each);
  });
}

/** Height and width, which may be one number for both. */
export function pairOf(call: LayerCall, key: string, fallback: Pair): Pair {
  const values = integersOf(call, key, fallback);
  const [height, width = height] = values;
  if (height !== undefined && width !== undefined && height > 0 && width > 0) return [height, width];
  throw unexpected('one or two sizes', place(call, key), values.join());
}

/** @throws COMPILE_FAILED for channels first. */
export function channelsLast(call: LayerCall): void {
  const format = textOf(call, 'data_format', 'channels_last');
  if (!/^channels_?last$/i.test(format))
    throw unexpected('channels last', place(call, 'data_format'), format);
}

/** The activation that a layer ends with. */
export function activationOf(call: LayerCall): string {
  const value = setting(call, 'activation') ?? 'linear';
  return text(value, place(call, 'activation'));
}
