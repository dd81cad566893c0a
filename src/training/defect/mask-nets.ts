import type { GraphBuilder } from '../../compiler/graph-builder.ts';
import { FoldedLayers, type Learned } from '../net/folded.ts';
import { describeFieldNet, fieldInput } from './field-net.ts';
import { type FieldScales, mostDeviations } from './field-parts.ts';
import { addGrey } from './grey.ts';
import { patchNet } from './patch-net.ts';
import { operators } from './scoring-graph.ts';
import { describeSpotNet } from './spot-net.ts';

/** Nets that learned from masks; of several of a kind the mean of what they say counts. */
export interface MaskNets {
  /** See `describeSpotNet`. */
  readonly spots: readonly Learned[];
  /** See `describeFieldNet`. */
  readonly fields: readonly Learned[];
  readonly scales: FieldScales;
}

/** What they say: `evidence` `[N, 3]` of pictures; `spots` and `fields` `[N, 32, 32]`, logits of places. */
export interface MaskValues {
  readonly evidence: string;
  readonly spots: string;
  readonly fields: string;
}

/**
 * Adds the nets to a graph that has the patch net in it. The evidence is the logit of the worst spot, that of the
 * worst field, how much of fields there is altogether (the logarithm of the sum of their odds).
 */
export function addMaskNets(builder: GraphBuilder, nets: MaskNets): MaskValues {
  const { add, floats, whole } = operators(builder);
  const scale = patchNet.fine.cells / fieldInput.cells;
  const spots = squeezed(meanOf(nets.spots, describeSpotNet, addGrey(builder)));
  const fields = meanOf(nets.fields, describeFieldNet, patches(nets.scales));
  const worst = (value: string) =>
    add('ReduceMax', [value], { axes: { ints: [1, 2] }, keepdims: { int: 0 } });
  const coarse = squeezed(fields);
  const all = add('ReduceLogSumExp', [coarse], { axes: { ints: [1, 2] }, keepdims: { int: 0 } });
  const column = (value: string) => add('Unsqueeze', [value, whole([1])]);
  const fine = add('Resize', [fields, '', floats([4], [1, 1, scale, scale])], { mode: { string: 'linear' } });
  return {
    evidence: add('Concat', [worst(spots), worst(coarse), all].map(column), { axis: { int: 1 } }),
    spots,
    fields: squeezed(fine),
  };

  function meanOf(each: readonly Learned[], describe: typeof describeSpotNet, input: string): string {
    return add(
      'Mean',
      each.map((net) => describe(new FoldedLayers({ builder, ...net }), input)),
    );
  }

  /** `[N, 1, h, w]` without its channel. */
  function squeezed(value: string): string {
    return add('Squeeze', [value, whole([1])]);
  }

  /** As `fieldPart` makes them. */
  function patches({ mean, deviation }: FieldScales): string {
    const sides = { ints: [scale, scale] };
    const means = add('AveragePool', [patchNet.fine.output], { kernel_shape: sides, strides: sides });
    const both = add('Concat', [means, patchNet.coarse.output], { axis: { int: 1 } });
    const dims = [1, fieldInput.channels, 1, 1];
    const centred = add('Sub', [both, floats(dims, mean)]);
    const deviations = add('Div', [centred, floats(dims, deviation)]);
    return add('Clip', [deviations, floats([], [-mostDeviations]), floats([], [mostDeviations])]);
  }
}
