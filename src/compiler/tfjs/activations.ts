import type { NhwcBuilder, Value } from '../nhwc-builder.ts';
import { elementwise } from '../nhwc-elementwise.ts';
import { along } from '../nhwc-reductions.ts';
import { clamp } from './clamp.ts';
import { scalar } from './constants.ts';

type Activation = (builder: NhwcBuilder, value: Value) => Value;

const simple =
  (op: string): Activation =>
  (builder, value) =>
    elementwise(builder, op, [value]);

/** By the names of Keras, without their underscores and in small letters. */
const activations: Readonly<Record<string, Activation>> = {
  elu: simple('Elu'),
  exponential: simple('Exp'),
  gelu,
  // ONNX's own slope and offset are those of Keras: 0.2 and 0.5.
  hardsigmoid: simple('HardSigmoid'),
  linear: (_, value) => value,
  logsoftmax: (builder, value) => along(builder, 'LogSoftmax', value, -1),
  mish: (builder, value) =>
    times(builder, value, simple('Tanh')(builder, simple('Softplus')(builder, value))),
  relu: (builder, value) => clamp(builder, value, 0, Number.POSITIVE_INFINITY),
  relu6: (builder, value) => clamp(builder, value, 0, 6),
  selu: simple('Selu'),
  sigmoid: simple('Sigmoid'),
  silu: swish,
  softmax: (builder, value) => along(builder, 'Softmax', value, -1),
  softplus: simple('Softplus'),
  softsign: simple('Softsign'),
  swish,
  tanh: simple('Tanh'),
};

/** The value after the activation of that name, as Keras or TensorFlow write it. */
export function activated(builder: NhwcBuilder, value: Value, name: string): Value {
  const key = name.toLowerCase().replaceAll('_', '');
  const activation = Object.hasOwn(activations, key) ? activations[key] : undefined;
  if (activation === undefined) {
    throw new RangeError(
      `Expected one of ${Object.keys(activations).join(', ')} but received activation ${name}`,
    );
  }
  return activation(builder, value);
}

export function leakyRelu(builder: NhwcBuilder, value: Value, alpha: number): Value {
  return elementwise(builder, 'LeakyRelu', [value], { attributes: { alpha: { float: alpha } } });
}

function swish(builder: NhwcBuilder, value: Value): Value {
  return times(builder, value, simple('Sigmoid')(builder, value));
}

/** x / 2 * (1 + erf(x / sqrt(2))): Hendrycks and Gimpel, "Gaussian Error Linear Units", 2016. */
function gelu(builder: NhwcBuilder, value: Value): Value {
  const number = (each: number) => scalar(builder, each, value);
  const error = simple('Erf')(builder, times(builder, value, number(Math.SQRT1_2)));
  return times(builder, times(builder, value, number(0.5)), elementwise(builder, 'Add', [error, number(1)]));
}

function times(builder: NhwcBuilder, a: Value, b: Value): Value {
  return elementwise(builder, 'Mul', [a, b]);
}
