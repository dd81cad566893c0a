import { BatchNotFree, type NhwcBuilder, type Value } from './nhwc-builder.ts';
import { cast } from './nhwc-elementwise.ts';
import { axisOf, integers, kept, sizeOf } from './nhwc-moves.ts';

/** The elements of `value` at `indices` along `axis`, in the shape of the indices. */
export function gather(builder: NhwcBuilder, value: Value, indices: Value, axis: number): Value {
  const at = axisOf(axis, value.shape.length);
  if (value.shape[at] === 'N') throw new BatchNotFree('samples are chosen from it');
  if (indices.shape[0] === 'N' && at !== 0) throw new BatchNotFree('indices have it too');
  const shape = [...value.shape.slice(0, at), ...indices.shape, ...value.shape.slice(at + 1)];
  const attributes = { axis: { int: at } };
  const name = builder.graph.add('Gather', [builder.nhwc(value), builder.nhwc(indices)], { attributes });
  return builder.value(name, { ...kept(value), shape });
}

/** The elements, or slices, of `value` at the places that the last dimension of `indices` gives. */
export function gatherNd(builder: NhwcBuilder, value: Value, indices: Value): Value {
  if (value.shape[0] === 'N') throw new BatchNotFree('indices name its samples');
  const depth = Number(indices.shape.at(-1));
  const wide = cast(builder, indices, 'int64');
  const name = builder.graph.add('GatherND', [builder.nhwc(value), builder.nhwc(wide)]);
  return builder.value(name, {
    ...kept(value),
    shape: [...indices.shape.slice(0, -1), ...value.shape.slice(depth)],
  });
}

/** The value `repeats` times along each axis. */
export function tile(builder: NhwcBuilder, value: Value, repeats: readonly number[]): Value {
  const shape = value.shape.map((size, axis) =>
    repeats[axis] === 1 ? size : sizeOf(size) * (repeats[axis] ?? 1),
  );
  const name = builder.graph.add('Tile', [builder.nhwc(value), integers(builder, repeats)]);
  return builder.value(name, { ...kept(value), shape });
}
