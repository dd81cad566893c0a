import type { GraphBuilder } from '../../compiler/graph-builder.ts';

/** How much more a spoilt place weighs than a good one: it is rarer. */
const spoiltWeight = 4;
/** Of the overlap (Dice) beside the cross-entropy, and what keeps it calm where nothing is spoilt. */
const overlapWeight = 0.5;
const calm = 4;

/**
 * What logits `[N, 1, h, w]` cost where `given`, of the same shape in [0, 1] or -1 for not known, says how spoilt each place is:
 * weighted cross-entropy, and one less the overlap of each picture (Milletari et al., 2016). Names of the mean cost
 * and of its gradient by the logits, which is written down here rather than derived.
 */
export function addMaskLoss(
  builder: GraphBuilder,
  logits: string,
  given: string,
): { loss: string; gradient: string } {
  const add = (op: string, ...inputs: string[]) => builder.add(op, inputs);
  const number = (value: number) =>
    builder.constant('number', { type: 'float32', dims: [1], data: Float32Array.of(value) });
  const places = builder.constant('places', { type: 'int64', dims: [2], data: BigInt64Array.of(2n, 3n) });
  const sum = (value: string) =>
    builder.add('ReduceSum', [value, places], { attributes: { keepdims: { int: 1 } } });
  const meanOf = (value: string) =>
    builder.add('ReduceMean', [value], { attributes: { keepdims: { int: 0 } } });
  const count = (value: string) =>
    builder.add('Cast', [add('Size', value)], { attributes: { to: { int: 1 } } });

  const known = add('Sub', number(1), add('Relu', add('Neg', add('Sign', given))));
  const truth = add('Relu', given);
  const spoilt = add('Mul', add('Sigmoid', logits), known);
  const weight = add('Mul', known, add('Add', add('Mul', truth, number(spoiltWeight - 1)), number(1)));
  const entropy = add('Mul', weight, add('Sub', add('Softplus', logits), add('Mul', truth, logits)));
  const entropyGradient = add('Div', add('Mul', weight, add('Sub', spoilt, truth)), count(logits));

  const both = add('Add', add('Mul', sum(add('Mul', spoilt, truth)), number(2)), number(calm));
  const either = add('Add', add('Add', sum(spoilt), sum(truth)), number(calm));
  const overlap = add('Div', both, either);
  const slope = add('Div', add('Sub', overlap, add('Mul', truth, number(2))), either);
  const steepness = add('Mul', spoilt, add('Sub', number(1), spoilt));
  const share = add('Div', number(overlapWeight), count(overlap));
  const overlapGradient = add('Mul', add('Mul', slope, steepness), share);

  const missed = add('Mul', add('Sub', number(1), meanOf(overlap)), number(overlapWeight));
  return {
    loss: add('Add', meanOf(entropy), missed),
    gradient: add('Add', entropyGradient, overlapGradient),
  };
}
