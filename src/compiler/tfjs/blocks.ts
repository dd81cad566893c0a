import type { NhwcBuilder, Value } from '../nhwc-builder.ts';
import { slice } from '../nhwc-moves.ts';
import { type Pair, sidesOf } from '../nhwc-windows.ts';
import type { Placement } from './filters.ts';

/*
 * Before it had dilated convolutions, TensorFlow put every second pixel into a picture of its own
 * (SpaceToBatchND), convolved those and put them together again (BatchToSpaceND). Such pictures in blocks are
 * none that the graph has: they are known by the whole picture, and the convolution on them is a dilated one.
 */

export interface Blocks {
  readonly picture: Value;
  readonly block: Pair;
  /** Rows and columns of zeros around the picture. */
  readonly before: Pair;
  readonly after: Pair;
}

const known = new WeakMap<Value, Blocks>();

export function blocksOf(value: Value): Blocks | undefined {
  return known.get(value);
}

/** The picture, with zeros around it, in blocks. */
export function inBlocks(builder: NhwcBuilder, blocks: Blocks): Value {
  const { picture, block, before, after } = blocks;
  const sides = sidesOf(picture);
  const [height, width] = ([0, 1] as const).map((side) => {
    const size = (sides[side] + before[side] + after[side]) / block[side];
    if (Number.isInteger(size)) return size;
    throw new RangeError(`Expected sides that divide into blocks of ${block} but received ${sides}`);
  });
  const batch = picture.shape[0] === 'N' ? 1 : (picture.shape[0] ?? 1);
  const shape = [batch * block[0] * block[1], height ?? 0, width ?? 0, picture.shape[3] ?? 1];
  const refuse = () => {
    throw new RangeError('Expected only a convolution between SpaceToBatchND and BatchToSpaceND');
  };
  const value = builder.value(refuse, { type: picture.type, shape });
  known.set(value, blocks);
  return value;
}

/** `convolve` on the whole picture, with its window spread over the blocks. */
export function convolvedBlocks(
  builder: NhwcBuilder,
  { picture, block, before, after }: Blocks,
  { padding, strides = [1, 1], dilations = [1, 1] }: Placement,
  convolve: (picture: Value, placement: Placement) => Value,
): Value {
  if (padding !== 'VALID' || strides[0] !== 1 || strides[1] !== 1) {
    throw new RangeError('Expected a convolution of blocks without padding and strides');
  }
  const spread: Pair = [block[0] * dilations[0], block[1] * dilations[1]];
  const whole = convolve(picture, { padding: { before, after }, dilations: spread });
  return inBlocks(builder, { picture: whole, block, before: [0, 0], after: [0, 0] });
}

/** What was in blocks as a picture again, without `before` and `after` rows and columns at its sides. */
export function outOfBlocks(
  builder: NhwcBuilder,
  { picture, block }: Blocks,
  wanted: Pair,
  before: Pair,
  after: Pair,
): Value {
  if (`${wanted}` !== `${block}`) throw new RangeError(`Expected blocks of ${block} but received ${wanted}`);
  const [height, width] = sidesOf(picture);
  const channels = Number(picture.shape[3]);
  const batch = picture.shape[0] === 'N' ? 1 : Number(picture.shape[0]);
  return slice(
    builder,
    picture,
    [0, before[0], before[1], 0],
    [batch, height - after[0], width - after[1], channels],
  );
}
