import type { GraphBuilder } from '../../compiler/graph-builder.ts';
import { greyWeights } from './grey-parts.ts';
import { patchNet } from './patch-net.ts';
import { operators } from './scoring-graph.ts';

/** Adds the picture in grey, in deviations from its mean: `[N, 1, 256, 256]`. */
export function addGrey(builder: GraphBuilder): string {
  const { add, floats, reduce } = operators(builder);
  const channelsFirst = add('Transpose', [patchNet.input], { perm: { ints: [0, 3, 1, 2] } });
  const colours = add('Cast', [channelsFirst], { to: { int: 1 } });
  const grey = add('Conv', [colours, floats([1, 3, 1, 1], greyWeights)]);
  const mean = (value: string) => reduce('ReduceMean', value, [1, 2, 3]);
  const centred = add('Sub', [grey, mean(grey)]);
  const variance = add('Max', [mean(add('Mul', [centred, centred])), floats([1], [1])]);
  return add('Div', [centred, add('Sqrt', [variance])]);
}
