import type { Attribute } from '../../compiler/graph.ts';
import type { GraphBuilder } from '../../compiler/graph-builder.ts';
import type { Gaussian } from './gaussian.ts';
import type { Grain } from './lines.ts';
import { patchNet } from './patch-net.ts';

/** Two layers that tell damaged patches from good ones: see `headLength` for what they take. */
export interface PatchHead {
  /** `[units, headLength]` */
  readonly hidden: Float32Array;
  readonly hiddenBias: Float32Array;
  /** `[units]` */
  readonly last: Float32Array;
  readonly lastBias: number;
}

/** What is learned of parts before anything is calibrated. */
export interface PartModel {
  /** Of coarse patches as they stand out of their own picture: best at telling whether there is a defect. */
  readonly own: Gaussian;
  /** Of coarse patches as they are: best at telling where. */
  readonly plain: Gaussian;
  /** Of pictures: mean and deviation of every channel. */
  readonly whole: Gaussian;
  readonly head: PatchHead;
  /** Of good parts, as grinding leaves it: cracks go along it. */
  readonly grain: Grain;
}

/** Values of the graph. */
export interface ScoringNodes {
  /**
   * `[N, 4]`: how strange the whole is, its strangest patches, how damaged the most damaged ones look, and how plain
   * a line along the grain is.
   */
  readonly evidence: string;
  /**
   * `[N, 3, 32, 32]` of every patch: how strange its surroundings are, how damaged the whole looks and they do. Those
   * at the border are as strange as their neighbours.
   */
  readonly maps: string;
}

const { fine, coarse } = patchNet;
/**
 * A ring of coarse patches that see what lies outside of the picture: they differ from all others by that, so
 * neither statistics nor strangeness look at them.
 */
const border = 1;
const scale = fine.cells / coarse.cells;
/** Patches that a score looks at: a defect covers a few, and one alone may be an accident. */
const [strangest, mostDamaged] = [3, 4];

/** Adds to a graph with the outputs of the patch net what scores them. @param line along the grain: see `addLine` */
export function addScoring(builder: GraphBuilder, model: PartModel, line: string): ScoringNodes {
  const { add, floats, whole, reduce, inside } = operators(builder);
  const inner = inside(coarse.output, border, coarse.cells);
  const picture = scalesOf(inner);
  const own = ownOf(inner, picture);
  const wholeStrangeness = strangeness(
    builder,
    add('Concat', [picture.mean, picture.deviation], { axis: { int: 1 } }),
    model.whole,
  );
  const damage = damageOf();
  const evidence = add(
    'Concat',
    [
      add('Flatten', [wholeStrangeness]),
      meanOfGreatest(strangeness(builder, own, model.own), strangest),
      meanOfGreatest(damage, mostDamaged),
      line,
    ],
    { axis: { int: 1 } },
  );
  const ring = whole([0, 0, border, border, 0, 0, border, border]);
  const strange = add('Pad', [averaged(strangeness(builder, inner, model.plain)), ring], {
    mode: { string: 'edge' },
  });
  const everywhere = add('Expand', [
    reduce('ReduceMean', damage, [2, 3]),
    whole([1, 1, fine.cells, fine.cells]),
  ]);
  const maps = add('Concat', [enlarged(strange, 'linear'), everywhere, averaged(averaged(damage))], {
    axis: { int: 1 },
  });
  return { evidence, maps };

  /** `[N, channels, 1, 1]` each, over the patches. */
  function scalesOf(patches: string): { mean: string; deviation: string } {
    const mean = reduce('ReduceMean', patches, [2, 3]);
    const centred = add('Sub', [patches, mean]);
    const variance = reduce('ReduceMean', add('Mul', [centred, centred]), [2, 3]);
    return { mean, deviation: add('Add', [add('Sqrt', [variance]), floats([1], [1e-3])]) };
  }

  function ownOf(patches: string, { mean, deviation }: { mean: string; deviation: string }): string {
    return add('Div', [add('Sub', [patches, mean]), deviation]);
  }

  /** The coarse part of the first layer is computed at its own stride: enlarging commutes with it. */
  function damageOf(): string {
    const { hidden, hiddenBias, last, lastBias } = model.head;
    const units = hiddenBias.length;
    const split = 2 * fine.channels;
    const length = split + 2 * coarse.channels;
    const columns = (from: number, to: number) =>
      floats(
        [units, to - from, 1, 1],
        Float32Array.from({ length: units * (to - from) }, (_, i) => {
          return hidden[Math.floor(i / (to - from)) * length + from + (i % (to - from))] ?? 0;
        }),
      );
    const both = (patches: string, scales: ReturnType<typeof scalesOf>) =>
      add('Concat', [patches, ownOf(patches, scales)], { axis: { int: 1 } });
    const fineScales = scalesOf(inside(fine.output, border * scale, fine.cells));
    const near = add('Conv', [both(fine.output, fineScales), columns(0, split), floats([units], hiddenBias)]);
    const around = add('Conv', [both(coarse.output, picture), columns(split, length)]);
    const activated = add('Relu', [add('Add', [near, enlarged(around, 'nearest')])]);
    return add('Conv', [activated, floats([1, units, 1, 1], last), floats([1], [lastBias])]);
  }

  function averaged(map: string): string {
    return add('AveragePool', [map], { kernel_shape: { ints: [3, 3] }, pads: { ints: [1, 1, 1, 1] } });
  }

  /** From the cells of the coarse patches to those of the fine ones. */
  function enlarged(map: string, mode: 'linear' | 'nearest'): string {
    return add('Resize', [map, '', floats([4], [1, 1, scale, scale])], {
      mode: { string: mode },
      ...(mode === 'linear'
        ? { coordinate_transformation_mode: { string: 'half_pixel' } }
        : { coordinate_transformation_mode: { string: 'asymmetric' }, nearest_mode: { string: 'floor' } }),
    });
  }

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
  const whole = (data: readonly number[]) =>
    builder.constant('sizes', { type: 'int64', dims: [data.length], data: BigInt64Array.from(data, BigInt) });
  return {
    add,
    whole,
    floats: (dims: readonly number[], data: ArrayLike<number>) =>
      builder.constant('weights', { type: 'float32', dims, data: Float32Array.from(data) }),
    reduce: (op: 'ReduceMean', value: string, axes: readonly number[]) =>
      add(op, [value], { axes: { ints: axes }, keepdims: { int: 1 } }),
    /** Of `[N, channels, cells, cells]` what lies inside a ring. */
    inside: (value: string, ring: number, cells: number) =>
      add('Slice', [value, whole([ring, ring]), whole([cells - ring, cells - ring]), whole([2, 3])]),
  };
}
