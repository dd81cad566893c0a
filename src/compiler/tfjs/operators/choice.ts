import { BatchNotFree, type Value } from '../../nhwc-builder.ts';
import { elementwise } from '../../nhwc-elementwise.ts';
import { gather, gatherNd } from '../../nhwc-gather.ts';
import { axisOf, kept, reshape, sizesOf } from '../../nhwc-moves.ts';
import { reshaped } from '../alone.ts';
import { type Call, input, type Operator, type Operators, oneNumber } from '../call.ts';
import { integerOf } from '../graph-def.ts';

/* Operators that choose among numbers by index. */

const maxDepth = 2 ** 16;

const gathered: Operator = (call) => {
  const [value, indices] = [input(call, 0), input(call, 1)];
  const rank = value.shape.length;
  const axis = call.inputs.length > 2 ? axisOf(oneNumber(call, 2), rank) : 0;
  const shared = integerOf(call.node, 'batch_dims', 0);
  if (shared === 0) return gather(call.builder, value, indices, axis);
  if (shared !== axis)
    throw new RangeError(`Expected as many batch dimensions as axis ${axis} but received ${shared}`);
  return gatheredInRows(call, value, indices, axis);
};

/** Of each row of the value what the same row of the indices says; the first `axis` dimensions are rows. */
function gatheredInRows({ builder }: Call, value: Value, indices: Value, axis: number): Value {
  if (value.shape[0] !== indices.shape[0]) throw new BatchNotFree('only one of value and indices has it');
  const wide = builder.graph.add(
    'Cast',
    [builder.nhwc(reshape(builder, indices, [...sizesOf(indices.shape), 1]))],
    {
      attributes: { to: { int: 7 } },
    },
  );
  const attributes = { batch_dims: { int: axis } };
  const name = builder.graph.add('GatherND', [builder.nhwc(value), wide], { attributes });
  return builder.value(name, { ...kept(value), shape: [...indices.shape, ...value.shape.slice(axis + 1)] });
}

/**
 * `on` at the index, `off` elsewhere, along a new axis of `depth`. Not ONNX's OneHot, for which negative indices
 * count from the end: here they are nowhere.
 */
function oneHot(call: Call): Value {
  const { builder } = call;
  const indices = input(call, 0);
  const depth = oneNumber(call, 1);
  if (depth < 1 || depth > maxDepth)
    throw new RangeError(`Expected a depth of 1 to ${maxDepth} but received ${depth}`);
  const sizes = sizesOf(indices.shape);
  const axis = axisOf(integerOf(call.node, 'axis', -1), sizes.length + 1);
  const column = reshaped(builder, indices, sizes.toSpliced(axis, 0, 1));
  const dims = [depth, ...sizes.slice(axis).map(() => 1)];
  const places = builder.constant({
    type: 'int32',
    dims,
    data: Int32Array.from({ length: depth }, (_, i) => i),
  });
  const isThere = elementwise(builder, 'Equal', [column, places], { type: 'bool' });
  const [on, off] = [input(call, 2), input(call, 3)];
  return elementwise(builder, 'Where', [isThere, on, off], { type: on.type });
}

export const choices: Operators = {
  Gather: gathered,
  GatherNd: (call) => gatherNd(call.builder, input(call, 0), input(call, 1)),
  GatherV2: gathered,
  OneHot: oneHot,
};
