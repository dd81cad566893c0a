import { BatchNotFree, type Value } from '../../nhwc-builder.ts';
import { gather, gatherNd } from '../../nhwc-gather.ts';
import { axisOf, integers, kept, reshape, sizesOf } from '../../nhwc-moves.ts';
import { type Call, input, type Operator, type Operators, oneNumber } from '../call.ts';
import { tensorOf, vector } from '../constants.ts';
import { integerOf } from '../graph-def.ts';

/* Operators that choose among numbers by index. */

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

/** `on` at the index, `off` elsewhere, along a new axis of `depth`. */
function oneHot(call: Call): Value {
  const { builder } = call;
  const indices = input(call, 0);
  const depth = oneNumber(call, 1);
  const [on, off] = [tensorOf(input(call, 2), 'on'), tensorOf(input(call, 3), 'off')];
  const axis = axisOf(integerOf(call.node, 'axis', -1), indices.shape.length + 1);
  const values = vector(builder, [Number(off.data[0]), Number(on.data[0])]);
  const inputs = [builder.nhwc(indices), integers(builder, [depth]), builder.nhwc(values)];
  const name = builder.graph.add('OneHot', inputs, { attributes: { axis: { int: axis } } });
  return builder.value(name, { type: 'float32', shape: indices.shape.toSpliced(axis, 0, depth) });
}

export const choices: Operators = {
  Gather: gathered,
  GatherNd: (call) => gatherNd(call.builder, input(call, 0), input(call, 1)),
  GatherV2: gathered,
  OneHot: oneHot,
};
