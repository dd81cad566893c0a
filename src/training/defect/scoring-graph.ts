import type { Attribute } from '../../compiler/graph.ts';
import type { GraphBuilder } from '../../compiler/graph-builder.ts';
import type { Gaussian } from './gaussian.ts';
import { patchNet } from './patch-net.ts';

/** Two layers that tell spoilt patches from good ones, on a patch as it is and as it stands out of its picture. */
export interface PatchHead {
  /** `[hidden, 2 * channels]` */
  readonly hidden: Float32Array;
  readonly hiddenBias: Float32Array;
  /** `[hidden]` */
  readonly last: Float32Array;
  readonly lastBias: number;
}

/** What is learned of parts before anything is calibrated. */
export interface PartModel {
  /** Of patches as they stand out of their own picture: best at telling whether there is a defect. */
  readonly own: Gaussian;
  /** Of patches as they are: best at telling where. */
  readonly plain: Gaussian;
  /** Of pictures: mean and deviation of every channel. */
  readonly whole: Gaussian;
  /** Only where defects were shown to it. */
  readonly head?: PatchHead;
}

/** Values of the graph. */
export interface ScoringNodes {
  /** `[N, 2]`: how strange the whole is, and its strangest patches; `[N, 3]` with a head: the most spoilt ones. */
  readonly evidence: string;
  /**
   * `[N, 2 or 3, cells, cells]` of every patch: how strange its surroundings are, the whole is, how spoilt it is.
   * Those at the border are like their neighbours.
   */
  readonly maps: string;
}

const { channels, cells } = patchNet;
/**
 * A ring of patches that see what lies outside of the picture: they differ from all others by that, so neither
 * statistics nor scores look at them.
 */
const border = 1;
/** Patches that a score looks at: a defect covers a few, and one alone may be an accident. */
const strangest = 3;
const mostSpoilt = 6;

/** Adds to a graph with patches `[N, channels, cells, cells]` what scores them. */
export function addScoring(builder: GraphBuilder, patches: string, model: PartModel): ScoringNodes {
  const { add, floats, whole, reduce } = operators(builder);
  const inner = add('Slice', [
    patches,
    whole([border, border]),
    whole([cells - border, cells - border]),
    whole([2, 3]),
  ]);
  const mean = reduce('ReduceMean', inner, [2, 3]);
  const centred = add('Sub', [inner, mean]);
  const deviation = add('Add', [
    add('Sqrt', [reduce('ReduceMean', add('Mul', [centred, centred]), [2, 3])]),
    floats([1], [1e-3]),
  ]);
  const own = add('Div', [centred, deviation]);
  const picture = add('Concat', [mean, deviation], { axis: { int: 1 } });
  const wholeStrangeness = strangeness(builder, picture, model.whole);
  const plainStrangeness = add('AveragePool', [strangeness(builder, inner, model.plain)], {
    kernel_shape: { ints: [3, 3] },
    pads: { ints: [1, 1, 1, 1] },
  });
  const everywhere = add('Expand', [wholeStrangeness, whole([1, 1, cells - 2 * border, cells - 2 * border])]);
  const found = [
    add('Flatten', [wholeStrangeness]),
    meanOfGreatest(strangeness(builder, own, model.own), strangest),
  ];
  const patchMaps = [plainStrangeness, everywhere];
  if (model.head) {
    const logits = spoiltness(builder, add('Concat', [inner, own], { axis: { int: 1 } }), model.head);
    found.push(meanOfGreatest(logits, mostSpoilt));
    patchMaps.push(logits);
  }
  const evidence = add('Concat', found, { axis: { int: 1 } });
  const joined = add('Concat', patchMaps, { axis: { int: 1 } });
  const ring = whole([0, 0, border, border, 0, 0, border, border]);
  const maps = add('Pad', [joined, ring], { mode: { string: 'edge' } });
  return { evidence, maps };

  function meanOfGreatest(map: string, count: number): string {
    const greatest = builder.unique('greatest');
    const outputs = [greatest, builder.unique('places')];
    builder.push({
      op: 'TopK',
      domain: '',
      name: greatest,
      inputs: [add('Flatten', [map]), whole([count])],
      outputs,
      attributes: { axis: { int: 1 } },
    });
    return reduce('ReduceMean', greatest, [1]);
  }
}

function spoiltness(builder: GraphBuilder, patches: string, head: PatchHead): string {
  const { add, floats } = operators(builder);
  const { hidden, hiddenBias, last, lastBias } = head;
  const units = hiddenBias.length;
  const kernel = floats([units, 2 * channels, 1, 1], hidden);
  const activated = add('Relu', [add('Conv', [patches, kernel, floats([units], hiddenBias)])]);
  return add('Conv', [activated, floats([1, units, 1, 1], last), floats([1], [lastBias])]);
}

/** `|W (x - mean)|` of every vector along the channels: its Mahalanobis distance. */
function strangeness(builder: GraphBuilder, value: string, { length, mean, whitening }: Gaussian): string {
  const { add, floats, whole } = operators(builder);
  const shift = Float32Array.from({ length }, (_, i) => {
    let sum = 0;
    for (let k = 0; k <= i; k++) sum -= (whitening[i * length + k] ?? 0) * (mean[k] ?? 0);
    return sum;
  });
  const kernel = floats([length, length, 1, 1], Float32Array.from(whitening));
  const whitened = add('Conv', [value, kernel, floats([length], shift)]);
  return add('Sqrt', [add('ReduceSum', [add('Mul', [whitened, whitened]), whole([1])])]);
}

/** Short words for the nodes and constants of a builder. */
export function operators(builder: GraphBuilder) {
  const add = (op: string, inputs: readonly string[], attributes: Readonly<Record<string, Attribute>> = {}) =>
    builder.add(op, inputs, { attributes });
  return {
    add,
    floats: (dims: readonly number[], data: ArrayLike<number>) =>
      builder.constant('weights', { type: 'float32', dims, data: Float32Array.from(data) }),
    whole: (data: readonly number[]) =>
      builder.constant('sizes', {
        type: 'int64',
        dims: [data.length],
        data: BigInt64Array.from(data, BigInt),
      }),
    reduce: (op: 'ReduceMean', value: string, axes: readonly number[]) =>
      add(op, [value], { axes: { ints: axes }, keepdims: { int: 1 } }),
  };
}
