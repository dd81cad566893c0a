import type { LayersModel } from '@tensorflow/tfjs-layers';
import { GatewayError } from '../../errors.ts';

type Layer = LayersModel['layers'][number];
type Pair = readonly [height: number, width: number];

/** What TFLite's operators can do to their own output. */
export type Fused = 'none' | 'relu' | 'relu6';

/** One step of a net whose layers follow each other, in the layout of Keras. */
type Step = Product | Other;

/** A product with weights. */
type Product =
  | {
      readonly kind: 'conv' | 'depthwise';
      /** `[kh, kw, C, O]`, of a depthwise one `[kh, kw, C, M]`. */
      readonly filter: Weight;
      readonly bias: Float32Array;
      readonly strides: Pair;
      readonly padding: 'same' | 'valid';
      readonly fused: Fused;
    }
  /** `[inputs, units]` */
  | { readonly kind: 'dense'; readonly filter: Weight; readonly bias: Float32Array; readonly fused: Fused };

type Other =
  | {
      readonly kind: 'maxPool' | 'averagePool';
      readonly size: Pair;
      readonly strides: Pair;
      readonly padding: 'same' | 'valid';
    }
  | { readonly kind: 'reshape' }
  | { readonly kind: 'enlarge' }
  | { readonly kind: 'mean' }
  | { readonly kind: 'relu' | 'relu6' | 'softmax' | 'sigmoid' | 'tanh' };

export interface Weight {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** A step with the layer that it is of, and the shape of what it gives, without the batch. */
export type Link = Step & Place;
export type ProductLink = Product & Place;

interface Place {
  readonly name: string;
  readonly output: readonly number[];
}

export interface Chain {
  /** Without the batch. */
  readonly input: readonly number[];
  readonly links: readonly Link[];
}

/**
 * A sequential model for inference, its normalisations made part of the products before them.
 * @throws REQUEST_INVALID for a layer that has no counterpart here, or is not one after the other.
 */
export function chainOf(model: LayersModel): Chain {
  const links: Link[] = [];
  for (const layer of model.layers) {
    const output = (layer.outputShape as (number | null)[]).slice(1).map(Number);
    const last = links.at(-1);
    if (layer.getClassName() === 'BatchNormalization') {
      if (!last || !('filter' in last) || last.fused !== 'none')
        throw unsupported('a product before', layer, 'another');
      links.splice(-1, 1, normalised(last, layer));
      continue;
    }
    for (const step of stepsOf(layer)) links.push({ ...step, name: layer.name, output });
  }
  const [input] = model.inputs;
  return { input: (input?.shape ?? []).slice(1).map(Number), links };
}

function stepsOf(layer: Layer): Step[] {
  const config = layer.getConfig() as Record<string, unknown>;
  const kind = layer.getClassName();
  switch (kind) {
    case 'InputLayer':
    case 'Dropout':
      return [];
    case 'Flatten':
    case 'Reshape':
      return [{ kind: 'reshape' }];
    case 'Dense': {
      const [filter, bias] = weightsOf(layer);
      return withActivation(layer, config.activation, (fused) => ({ kind: 'dense', filter, bias, fused }));
    }
    case 'Conv2D':
    case 'DepthwiseConv2D': {
      const [filter, bias] = weightsOf(layer);
      if (String(config.dilationRate ?? '1,1') !== '1,1') throw unsupported('no dilation', layer, 'some');
      const product = kind === 'Conv2D' ? 'conv' : 'depthwise';
      const window = { strides: pairOf(config.strides), padding: paddingOf(layer, config.padding) };
      return withActivation(layer, config.activation, (fused) => ({
        kind: product,
        filter,
        bias,
        fused,
        ...window,
      }));
    }
    case 'MaxPooling2D':
    case 'AveragePooling2D': {
      const size = pairOf(config.poolSize);
      const strides = pairOf(config.strides ?? config.poolSize);
      const padding = paddingOf(layer, config.padding);
      return [{ kind: kind === 'MaxPooling2D' ? 'maxPool' : 'averagePool', size, strides, padding }];
    }
    case 'GlobalAveragePooling2D':
      return [{ kind: 'mean' }];
    case 'UpSampling2D':
      if (config.interpolation !== undefined && config.interpolation !== 'nearest')
        throw unsupported('interpolation nearest', layer, String(config.interpolation));
      return [{ kind: 'enlarge' }];
    case 'Activation':
      return [activationOf(layer, config.activation)].flatMap((step) => step ?? []);
    case 'ReLU':
      return [{ kind: config.maxValue === 6 ? 'relu6' : 'relu' }];
    case 'Softmax':
      return [{ kind: 'softmax' }];
    default:
      throw unsupported('a layer with a counterpart in TFLite', layer, kind);
  }
}

interface Activation {
  readonly kind: 'relu' | 'relu6' | 'softmax' | 'sigmoid' | 'tanh';
}

function withActivation(layer: Layer, activation: unknown, product: (fused: Fused) => Step): Step[] {
  const step = activationOf(layer, activation);
  if (step === undefined) return [product('none')];
  return step.kind === 'relu' || step.kind === 'relu6' ? [product(step.kind)] : [product('none'), step];
}

function activationOf(layer: Layer, name: unknown): Activation | undefined {
  switch (name) {
    case 'linear':
    case undefined:
      return undefined;
    case 'relu':
    case 'relu6':
    case 'softmax':
    case 'sigmoid':
    case 'tanh':
      return { kind: name };
    default:
      throw unsupported('linear, relu, relu6, softmax, sigmoid or tanh', layer, String(name));
  }
}

function weightsOf(layer: Layer): [filter: Weight, bias: Float32Array] {
  const [filter, bias] = layer.getWeights();
  if (filter === undefined) throw unsupported('weights', layer, 'none');
  const weight = { shape: filter.shape, data: Float32Array.from(filter.dataSync()) };
  const units =
    layer.getClassName() === 'DepthwiseConv2D'
      ? (filter.shape[2] ?? 0) * (filter.shape[3] ?? 0)
      : (filter.shape.at(-1) ?? 0);
  return [weight, bias ? Float32Array.from(bias.dataSync()) : new Float32Array(units)];
}

/** `(y - mean) / sqrt(variance + epsilon) * gamma + beta` as another filter and another bias. */
function normalised(link: ProductLink, layer: Layer): Link {
  const config = layer.getConfig() as { epsilon: number; scale: boolean; center: boolean };
  const weights = layer.getWeights().map((each) => each.dataSync());
  const gamma = config.scale ? weights.shift() : undefined;
  const beta = config.center ? weights.shift() : undefined;
  const [mean, variance] = weights;
  const channels = link.bias.length;
  const factor = Float32Array.from(
    link.bias,
    (_, i) => (gamma?.[i] ?? 1) / Math.sqrt((variance?.[i] ?? 1) + config.epsilon),
  );
  // The output channel is what varies fastest in every filter of Keras.
  const data = link.filter.data.map((each, i) => each * (factor[i % channels] ?? 1));
  const bias = link.bias.map((each, i) => (each - (mean?.[i] ?? 0)) * (factor[i] ?? 1) + (beta?.[i] ?? 0));
  return { ...link, filter: { ...link.filter, data }, bias };
}

function pairOf(value: unknown): Pair {
  if (typeof value === 'number') return [value, value];
  const [height = 1, width = 1] = Array.isArray(value) ? (value as number[]) : [];
  return [height, width];
}

function paddingOf(layer: Layer, value: unknown): 'same' | 'valid' {
  if (value === 'same' || value === 'valid') return value;
  throw unsupported('padding same or valid', layer, String(value));
}

function unsupported(expected: string, layer: Layer, received: string): GatewayError {
  return new GatewayError(
    'REQUEST_INVALID',
    `Expected ${expected} for layer ${layer.name} but received ${received}`,
  );
}
