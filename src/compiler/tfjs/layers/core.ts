import type { Value } from '../../nhwc-builder.ts';
import { cast, elementwise } from '../../nhwc-elementwise.ts';
import { gather } from '../../nhwc-gather.ts';
import { axisOf, concat, reshape, sizesOf, transpose } from '../../nhwc-moves.ts';
import { along, type Reduction, reduce } from '../../nhwc-reductions.ts';
import { elements } from '../../tensor.ts';
import { activated, leakyRelu } from '../activations.ts';
import { clamp } from '../clamp.ts';
import { scalar } from '../constants.ts';
import { dense } from '../filters.ts';
import { expanded } from '../joined.ts';
import {
  activationOf,
  channelsLast,
  flagOf,
  integersOf,
  type Layer,
  type LayerCall,
  type Layers,
  numberOf,
  only,
} from '../layer-call.ts';
import { batchNormalised } from '../normalise.ts';

/* Layers that are no windows. Their shapes leave the batch out. */

function fullyConnected(call: LayerCall): Value {
  const bias = flagOf(call, 'use_bias', true) ? call.weight('bias') : undefined;
  const value = dense(call.builder, only(call), { filter: call.weight('kernel'), bias });
  return activated(call.builder, value, activationOf(call));
}

function flatten(call: LayerCall): Value {
  channelsLast(call);
  const [batch = 1, ...sizes] = sizesOf(only(call).shape);
  return reshape(call.builder, only(call), [batch, elements(sizes)]);
}

/** TensorFlow.js writes `null` for the one size that follows from the others, and Keras -1. */
function reshapedSamples(call: LayerCall): Value {
  const target = call.config.target_shape;
  const shape = Array.isArray(target) ? target.map((size: unknown) => size ?? -1) : target;
  const sizes = integersOf({ ...call, config: { target_shape: shape } }, 'target_shape', []);
  return reshape(call.builder, only(call), [1, ...sizes]);
}

function permute(call: LayerCall): Value {
  return transpose(call.builder, only(call), [0, ...integersOf(call, 'dims', [])]);
}

function repeat(call: LayerCall): Value {
  const [batch = 1, size = 1] = sizesOf(only(call).shape);
  const row = reshape(call.builder, only(call), [batch, 1, size]);
  return expanded(call.builder, row, [1, numberOf(call, 'n', 1), size]);
}

function normalised(call: LayerCall): Value {
  const value = only(call);
  const axis = axisOf(integersOf(call, 'axis', [-1])[0] ?? -1, value.shape.length);
  if (axis !== value.shape.length - 1) throw new RangeError(`Expected the last axis but received ${axis}`);
  return batchNormalised(call.builder, value, {
    scale: flagOf(call, 'scale', true) ? call.weight('gamma') : undefined,
    offset: flagOf(call, 'center', true) ? call.weight('beta') : undefined,
    mean: call.weight('moving_mean'),
    variance: call.weight('moving_variance'),
    epsilon: numberOf(call, 'epsilon', 1e-3),
  });
}

function embedding(call: LayerCall): Value {
  return gather(call.builder, call.weight('embeddings'), cast(call.builder, only(call), 'int32'), 0);
}

const merged =
  (op: string): Layer =>
  ({ builder, inputs }) =>
    inputs.reduce((total, value) => elementwise(builder, op, [total, value]));

function average(call: LayerCall): Value {
  const sum = merged('Add')(call);
  return elementwise(call.builder, 'Div', [sum, scalar(call.builder, call.inputs.length, sum)]);
}

const globally =
  (op: Reduction): Layer =>
  (call) => {
    channelsLast(call);
    const value = only(call);
    const axes = value.shape.map((_, axis) => axis).slice(1, -1);
    return reduce(call.builder, op, value, axes, flagOf(call, 'keepdims', false));
  };

function relu(call: LayerCall): Value {
  const [slope, threshold] = [numberOf(call, 'negative_slope', 0), numberOf(call, 'threshold', 0)];
  if (slope !== 0 || threshold !== 0) throw new RangeError('Expected a ReLU of slope and threshold 0');
  return clamp(call.builder, only(call), 0, numberOf(call, 'max_value', Number.POSITIVE_INFINITY));
}

function prelu(call: LayerCall): Value {
  return elementwise(call.builder, 'PRelu', [only(call), call.weight('alpha')]);
}

/** The value where it is over the threshold, else 0. */
function thresholded(call: LayerCall): Value {
  const { builder } = call;
  const value = only(call);
  const over = elementwise(builder, 'Greater', [value, scalar(builder, numberOf(call, 'theta', 1), value)], {
    type: 'bool',
  });
  return elementwise(builder, 'Mul', [value, cast(builder, over, 'float32')]);
}

function rescaled(call: LayerCall): Value {
  const { builder } = call;
  const value = cast(builder, only(call), 'float32');
  const scaled = elementwise(builder, 'Mul', [value, scalar(builder, numberOf(call, 'scale', 1), value)]);
  return elementwise(builder, 'Add', [scaled, scalar(builder, numberOf(call, 'offset', 0), value)]);
}

/** What changes nothing but in training. */
const same: Layer = (call) => only(call);

export const core: Layers = {
  Activation: (call) => activated(call.builder, only(call), activationOf(call)),
  ActivityRegularization: same,
  Add: merged('Add'),
  AlphaDropout: same,
  Average: average,
  BatchNormalization: normalised,
  Concatenate: (call) => concat(call.builder, call.inputs, numberOf(call, 'axis', -1)),
  Dense: fullyConnected,
  Dropout: same,
  ELU: (call) => {
    const attributes = { alpha: { float: numberOf(call, 'alpha', 1) } };
    return elementwise(call.builder, 'Elu', [only(call)], { attributes });
  },
  Embedding: embedding,
  Flatten: flatten,
  GaussianDropout: same,
  GaussianNoise: same,
  GlobalAveragePooling1D: globally('ReduceMean'),
  GlobalAveragePooling2D: globally('ReduceMean'),
  GlobalMaxPooling1D: globally('ReduceMax'),
  GlobalMaxPooling2D: globally('ReduceMax'),
  LeakyReLU: (call) => leakyRelu(call.builder, only(call), numberOf(call, 'alpha', 0.3)),
  Maximum: merged('Max'),
  Minimum: merged('Min'),
  Multiply: merged('Mul'),
  PReLU: prelu,
  Permute: permute,
  ReLU: relu,
  RepeatVector: repeat,
  Rescaling: rescaled,
  Reshape: reshapedSamples,
  Softmax: (call) => along(call.builder, 'Softmax', only(call), numberOf(call, 'axis', -1)),
  SpatialDropout1D: same,
  SpatialDropout2D: same,
  Subtract: merged('Sub'),
  ThresholdedReLU: thresholded,
};
