import type { Value } from '../../nhwc-builder.ts';
import { cast } from '../../nhwc-elementwise.ts';
import { axisOf, integers, sizeOf } from '../../nhwc-moves.ts';
import { indexOf, type Reduction, reduce } from '../../nhwc-reductions.ts';
import { type Call, input, numbers, type Operator, type Operators, oneNumber } from '../call.ts';
import { boolOf, integerOf } from '../graph-def.ts';

const reduction =
  (op: Reduction): Operator =>
  (call) =>
    reduced(call, op, input(call, 0));

function reduced(call: Call, op: Reduction, value: Value): Value {
  const keep = boolOf(call.node, 'keep_dims') || boolOf(call.node, 'keepDims');
  const axes = numbers(call, 1);
  return axes.length === 0 ? value : reduce(call.builder, op, value, axes, keep);
}

/** Of truths as integers. */
const truths =
  (op: Reduction): Operator =>
  (call) =>
    cast(call.builder, reduced(call, op, cast(call.builder, input(call, 0), 'int32')), 'bool');

const extreme =
  (op: 'ArgMax' | 'ArgMin'): Operator =>
  (call) =>
    cast(call.builder, indexOf(call.builder, op, input(call, 0), oneNumber(call, 1)), 'int32');

/** The greatest along the last axis and where they stand, of equal ones the first. */
function best(call: Call): readonly Value[] {
  const { builder } = call;
  const value = input(call, 0);
  const k = call.inputs.length > 1 ? oneNumber(call, 1) : integerOf(call.node, 'k', 1);
  const axis = axisOf(-1, value.shape.length);
  const size = sizeOf(value.shape[axis]);
  if (k > size) throw new RangeError(`Expected at most ${size} for k but received ${k}`);
  const outputs = [builder.graph.unique('topk'), builder.graph.unique('topk_indices')] as const;
  builder.graph.push({
    op: 'TopK',
    domain: '',
    name: outputs[0],
    inputs: [builder.nhwc(value), integers(builder, [k])],
    outputs,
    attributes: { axis: { int: axis } },
  });
  const shape = [...value.shape.slice(0, -1), k];
  const indices = builder.value(outputs[1], { type: 'int64', shape });
  return [builder.value(outputs[0], { type: value.type, shape }), cast(builder, indices, 'int32')];
}

/** The sum up to each element along an axis. */
function cumulated(call: Call): Value {
  const { builder, node } = call;
  const value = input(call, 0);
  const axis = axisOf(oneNumber(call, 1), value.shape.length);
  const attributes = {
    exclusive: { int: Number(boolOf(node, 'exclusive')) },
    reverse: { int: Number(boolOf(node, 'reverse')) },
  };
  sizeOf(value.shape[axis]);
  const name = builder.graph.add('CumSum', [builder.nhwc(value), integers(builder, [axis])], { attributes });
  return builder.value(name, { type: value.type, shape: value.shape });
}

export const reductions: Operators = {
  All: truths('ReduceMin'),
  Any: truths('ReduceMax'),
  ArgMax: extreme('ArgMax'),
  ArgMin: extreme('ArgMin'),
  Cumsum: cumulated,
  EuclideanNorm: reduction('ReduceL2'),
  Max: reduction('ReduceMax'),
  Mean: reduction('ReduceMean'),
  Min: reduction('ReduceMin'),
  Prod: reduction('ReduceProd'),
  Sum: reduction('ReduceSum'),
  TopKV2: best,
};
