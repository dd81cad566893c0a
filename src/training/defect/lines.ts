import type { GraphBuilder } from '../../compiler/graph-builder.ts';
import { operators } from './scoring-graph.ts';

/** `[2, 1, 1, 9]`: how much brighter the means of three columns to the left and to the right are than the middle. */
const beside = [1 / 3, 1 / 3, 1 / 3, 0, -1, 0, 0, 0, 0] as const;
const kernel = { dims: [2, 1, 1, beside.length], data: [...beside, ...beside.toReversed()] } as const;
/** Where a part ends it looks like a line: columns that are left out at either side. */
const margin = 8;
/** Squares of so many pixels, five by five of them, tell how rough it is around a pixel. */
const roughSide = 8;
/** Less than this, in deviations of the picture, stands out nowhere. */
const leastRough = 0.08;
/** A pixel says at least and at most so much for a line. */
const [least, most] = [-2, 4] as const;
/** How often pieces of a line are joined: from one pixel to 32. */
const joints = 5;

/** Whether lines go down or across. */
export type Grain = 'down' | 'across';
/** In the order of `addLines`. */
export const grains: readonly Grain[] = ['down', 'across'];

/** Adds `addLine` of each direction: `[N, 2]`. */
export function addLines(builder: GraphBuilder, grey: string): string {
  const { add } = operators(builder);
  return add(
    'Concat',
    grains.map((grain) => addLine(builder, grey, grain)),
    { axis: { int: 1 } },
  );
}

/**
 * Adds how plain the plainest thin dark line of each picture is: `[N, 1]`. Most cracks are that, and no pixel of theirs
 * is darker than what is good elsewhere: only together do they stand out. Of each pixel counts how much darker it is
 * than both sides of the line, measured by how rough it is around there; of a line the mean along 32 pixels, bent as it
 * may be.
 * @param grey `[N, 1, 256, 256]`, standardised
 */
export function addLine(builder: GraphBuilder, grey: string, grain: Grain): string {
  const { add, floats, whole } = operators(builder);
  const picture = grain === 'down' ? grey : add('Transpose', [grey], { perm: { ints: [0, 1, 3, 2] } });
  const dark = darkness(picture);
  let lines = add('Clip', [add('Div', [dark, roughness(dark)]), floats([], [least]), floats([], [most])]);
  for (let joint = 0; joint < joints; joint++) lines = joined(lines, 2 ** joint);
  return add('Flatten', [add('ReduceMax', [lines], { axes: { ints: [1, 2, 3] } })]);

  /** Of each pixel, by the brighter of its sides. */
  function darkness(picture: string): string {
    const first = margin - (beside.length - 1) / 2;
    const inner = add('Slice', [picture, whole([first]), whole([-first]), whole([3])]);
    const sides = add('Conv', [inner, floats(kernel.dims, kernel.data)]);
    return add('ReduceMin', [sides], { axes: { ints: [1] } });
  }

  function roughness(dark: string): string {
    const sides = [roughSide, roughSide];
    const squares = add('AveragePool', [add('Mul', [dark, dark])], {
      kernel_shape: { ints: sides },
      strides: { ints: sides },
    });
    const around = add('AveragePool', [squares], {
      kernel_shape: { ints: [5, 5] },
      pads: { ints: [2, 2, 2, 2] },
    });
    const everywhere = add('Resize', [around, '', floats([4], [1, 1, roughSide, roughSide])], {
      mode: { string: 'linear' },
    });
    return add('Add', [add('Sqrt', [everywhere]), floats([], [leastRough])]);
  }

  /** The mean of each line and of the best that goes on where it ends, at most a column off. */
  function joined(lines: string, length: number): string {
    const end = whole([Number.MAX_SAFE_INTEGER]);
    const below = add('Slice', [lines, whole([length]), end, whole([2])]);
    const best = add('MaxPool', [below], { kernel_shape: { ints: [1, 3] }, pads: { ints: [0, 1, 0, 1] } });
    const next = add('Pad', [best, whole([0, 0, 0, 0, 0, 0, length, 0])]);
    return add('Mul', [add('Add', [lines, next]), floats([], [0.5])]);
  }
}
