import type { Field, OperatorSpec, TensorSpec } from '../../compiler/tflite/write.ts';
import type { Fused, Link, ProductLink, Weight } from './chain.ts';

/** Codes of the schema. */
const padding = { same: 0, valid: 1 } as const;
const activation: Readonly<Record<Fused, number>> = { none: 0, relu: 1, relu6: 3 };

/** The operator of a link and what it is told, by the numbers of the schema. */
export function operatorOf(link: Link): Pick<OperatorSpec, 'op' | 'options'> {
  switch (link.kind) {
    case 'conv': {
      const fields = [
        ...strides(link.padding, link.strides),
        int8(3, activation[link.fused]),
        int32(4, 1),
        int32(5, 1),
      ];
      return { op: 'CONV_2D', options: [1, ...fields] };
    }
    case 'depthwise': {
      const multiplier = link.filter.shape[3] ?? 1;
      const own = [int32(3, multiplier), int8(4, activation[link.fused]), int32(5, 1), int32(6, 1)];
      return { op: 'DEPTHWISE_CONV_2D', options: [2, ...strides(link.padding, link.strides), ...own] };
    }
    case 'dense':
      return { op: 'FULLY_CONNECTED', options: [8, int8(0, activation[link.fused])] };
    case 'maxPool':
    case 'averagePool': {
      const [height, width] = link.size;
      const fields = [...strides(link.padding, link.strides), int32(3, width), int32(4, height), int8(5, 0)];
      return { op: link.kind === 'maxPool' ? 'MAX_POOL_2D' : 'AVERAGE_POOL_2D', options: [5, ...fields] };
    }
    case 'reshape':
      return { op: 'RESHAPE', options: [17, [0, 'int32s', [1, ...link.output]]] };
    case 'enlarge':
      return { op: 'RESIZE_NEAREST_NEIGHBOR', options: [74] };
    case 'mean':
      return { op: 'MEAN', options: [27, int8(0, 0)] };
    case 'softmax':
      return { op: 'SOFTMAX', options: [9, [0, 'float32', 1]] };
    case 'sigmoid':
      return { op: 'LOGISTIC' };
    case 'tanh':
      return { op: 'TANH' };
    case 'relu':
      return { op: 'RELU' };
    case 'relu6':
      return { op: 'RELU6' };
  }
}

/** The first version of each operator that computes on int8. */
const int8Versions: Readonly<Record<string, number>> = {
  CONV_2D: 3,
  DEPTHWISE_CONV_2D: 3,
  FULLY_CONNECTED: 4,
  RESHAPE: 1,
};

export function versionOf(op: string, isInt8: boolean): number {
  return isInt8 ? (int8Versions[op] ?? 2) : 1;
}

/** Numbers that an operator reads beside its input: the shape, the size, the axes. */
export function parameterOf(link: Link): TensorSpec | undefined {
  const numbers = (...values: number[]): TensorSpec => ({
    shape: [values.length],
    type: 'int32',
    data: Int32Array.from(values),
    name: `${link.name}/parameter`,
  });
  if (link.kind === 'reshape') return numbers(1, ...link.output);
  if (link.kind === 'enlarge') return numbers(link.output[0] ?? 1, link.output[1] ?? 1);
  return link.kind === 'mean' ? numbers(1, 2) : undefined;
}

/**
 * The filter in the layout of TFLite: `[O, kh, kw, C]`, of a depthwise one `[1, kh, kw, C * M]`, of a dense one
 * `[units, inputs]`.
 */
export function filterOf(link: ProductLink): Weight {
  const { shape, data } = link.filter;
  if (link.kind === 'depthwise') {
    const [kh = 1, kw = 1, channels = 1, multiplier = 1] = shape;
    return { shape: [1, kh, kw, channels * multiplier], data };
  }
  const outputs = shape.at(-1) ?? 1;
  const inner = data.length / outputs;
  const turned = new Float32Array(data.length);
  for (let i = 0; i < inner; i++)
    for (let o = 0; o < outputs; o++) turned[o * inner + i] = data[i * outputs + o] ?? 0;
  return { shape: [outputs, ...shape.slice(0, -1)], data: turned };
}

function strides(kind: 'same' | 'valid', [height, width]: readonly [number, number]): Field[] {
  return [int8(0, padding[kind]), int32(1, width), int32(2, height)];
}

function int8(field: number, value: number): Field {
  return [field, 'int8', value];
}

function int32(field: number, value: number): Field {
  return [field, 'int32', value];
}
