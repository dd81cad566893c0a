import type { GraphBuilder } from '../../compiler/graph-builder.ts';
import { type Join, sharpness } from './join.ts';
import { operators } from './scoring-graph.ts';

/** Adds `joined`: evidence `[N, kinds]` -> `[N, 1]`. */
export function addJoin(builder: GraphBuilder, evidence: string, join: Join): string {
  const { add, floats } = operators(builder);
  const { scales, weights, threshold, gain } = join;
  const row = (numbers: readonly number[]) => floats([1, numbers.length], numbers);
  const centred = add('Sub', [evidence, row(scales.map(({ middle }) => middle))]);
  const deviations = add('Mul', [centred, row(scales.map(({ spread }) => sharpness / spread))]);
  const counted = add('Softplus', [deviations]);
  const sum = add('MatMul', [counted, floats([weights.length, 1], weights)]);
  return add('Mul', [add('Sub', [sum, floats([1], [threshold])]), floats([1], [gain])]);
}
