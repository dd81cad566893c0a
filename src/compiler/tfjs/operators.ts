import type { Value } from '../nhwc-builder.ts';
import type { Call, Operators } from './call.ts';
import { folded } from './fold.ts';
import { activation } from './operators/activation.ts';
import { arithmetic } from './operators/arithmetic.ts';
import { choices } from './operators/choice.ts';
import { convolutions } from './operators/convolution.ts';
import { creations } from './operators/creation.ts';
import { movements } from './operators/movement.ts';
import { products } from './operators/products.ts';
import { reductions } from './operators/reduction.ts';

/** All that the importer knows, by TensorFlow's names. */
const operators: Operators = {
  ...activation,
  ...arithmetic,
  ...choices,
  ...convolutions,
  ...creations,
  ...movements,
  ...products,
  ...reductions,
};

/** @throws RangeError for an operator that is unknown, or told something that has no counterpart. */
export function translated(call: Call): readonly Value[] {
  const { op } = call.node;
  const operator = Object.hasOwn(operators, op) ? operators[op] : undefined;
  if (operator === undefined)
    throw new RangeError(`Expected an operator that the compiler knows but received ${op}`);
  const result = folded(call) ?? operator(call);
  return Array.isArray(result) ? result : [result as Value];
}
