import { fromHalves } from '../half.ts';
import type { Parameters } from '../quantization.ts';
import type { Tensor, TypedTensor } from '../tensor.ts';
import { expected, type Quantization, storedTensor, type TensorInfo } from './model.ts';

/** TFLite's int8 is our uint8 with everything 128 higher: the same numbers mean the same. */
const shift = 128;

/** What the bytes of an activation mean, once int8 has become uint8; nothing where they are no bytes. */
export function meaningOf({ type, quantization, label }: TensorInfo): Parameters | undefined {
  if (quantization === undefined || type === 'int32' || type === 'float32') return undefined;
  const [scale, ...others] = quantization.scales;
  const [zeroPoint] = quantization.zeroPoints;
  if (type !== 'uint8' && type !== 'int8') throw expected('activations of 8 bits', label, type);
  if (scale === undefined || zeroPoint === undefined || others.length > 0) {
    throw expected('one scale for all activations', label, `${quantization.scales.length}`);
  }
  const raised = type === 'int8' ? zeroPoint + shift : zeroPoint;
  if (raised < 0 || raised > 255) throw expected(`a zero point that fits ${type}`, label, `${zeroPoint}`);
  return { scale: Math.fround(scale), zeroPoint: raised };
}

/** The constant as uint8, from 0 where int8 was from -128. */
export function storedBytes(info: TensorInfo): TypedTensor<'uint8'> {
  const tensor = storedTensor(info);
  if (tensor.type === 'uint8') return tensor;
  if (tensor.type !== 'int8') throw expected('bytes', info.label, tensor.type);
  const data = new Uint8Array(tensor.data.length);
  for (let i = 0; i < data.length; i++) data[i] = (tensor.data[i] ?? 0) + shift;
  return { type: 'uint8', dims: tensor.dims, data };
}

/** Weights as int8 and what they mean. */
export interface StoredWeights {
  readonly tensor: TypedTensor<'int8'>;
  readonly quantization: Quantization;
}

/** The constant as int8, from -128 where uint8 was from 0; nothing where it holds no bytes that mean numbers. */
export function storedWeights(info: TensorInfo): StoredWeights | undefined {
  const { quantization } = info;
  if (quantization === undefined || info.data.byteLength === 0) return undefined;
  const tensor = storedTensor(info);
  if (tensor.type === 'int8') return { tensor, quantization };
  if (tensor.type !== 'uint8') return undefined;
  const data = new Int8Array(tensor.data.length);
  for (let i = 0; i < data.length; i++) data[i] = (tensor.data[i] ?? 0) - shift;
  return {
    tensor: { type: 'int8', dims: tensor.dims, data },
    quantization: { ...quantization, zeroPoints: quantization.zeroPoints.map((each) => each - shift) },
  };
}

/** The constant as the real numbers that it stands for. */
export function storedFloats(info: TensorInfo): Tensor {
  const tensor = storedTensor(info);
  const { quantization } = info;
  if (tensor.type === 'float16') {
    return { type: 'float32', dims: tensor.dims, data: fromHalves(tensor.data) };
  }
  if (quantization === undefined || tensor.type === 'float32') return tensor;
  const { scales, zeroPoints, axis } = quantization;
  const stride = tensor.dims.slice(axis + 1).reduce((product, size) => product * size, 1);
  const data = new Float32Array(tensor.data.length);
  for (let i = 0; i < data.length; i++) {
    const channel = Math.floor(i / stride) % scales.length;
    data[i] = (Number(tensor.data[i] ?? 0) - (zeroPoints[channel] ?? 0)) * (scales[channel] ?? 1);
  }
  return { type: 'float32', dims: tensor.dims, data };
}
