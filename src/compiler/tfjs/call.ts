import type { NhwcBuilder, Value } from '../nhwc-builder.ts';
import { numbersOf, oneNumberOf } from './constants.ts';
import type { GraphNode } from './graph-def.ts';

/** One node of a graph model while it is imported. */
export interface Call {
  readonly builder: NhwcBuilder;
  readonly node: GraphNode;
  readonly inputs: readonly Value[];
}

/** What an operator of TensorFlow becomes; a value for each of its outputs. */
export type Operator = (call: Call) => Value | readonly Value[];

export type Operators = Readonly<Record<string, Operator>>;

export function input({ inputs }: Call, index: number): Value {
  const found = inputs.at(index);
  if (found === undefined) throw new RangeError(`Expected an input ${index} but received ${inputs.length}`);
  return found;
}

/** The numbers of a constant input; a negative index counts from the last. */
export function numbers(call: Call, index: number): number[] {
  return numbersOf(input(call, index), `input ${index}`);
}

export function oneNumber(call: Call, index: number): number {
  return oneNumberOf(input(call, index), `input ${index}`);
}
