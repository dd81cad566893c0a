import type { GraphBuilder } from './graph-builder.ts';
import { activationParameters, type Parameters } from './quantization.ts';
import type { Tensor } from './tensor.ts';

/** A value as bytes: its name and what a byte of it means. */
export interface Bytes extends Parameters {
  readonly name: string;
  /** Names of the constants `scale` and `zeroPoint`. */
  readonly constants: readonly [scale: string, zeroPoint: string];
}

export interface QuantizeValuesOptions {
  readonly builder: GraphBuilder;
  /** What the bytes of a value are to mean. */
  readonly parameters: (value: string) => Parameters;
  /** Of the graph that is quantized. */
  readonly constants: ReadonlyMap<string, Tensor>;
}

/** The values of a graph while it is quantized: each as float, as bytes, or as either, made when asked for. */
export class QuantizeValues {
  readonly #builder: GraphBuilder;
  readonly #parameters: (value: string) => Parameters;
  readonly #constants: ReadonlyMap<string, Tensor>;
  readonly #bytes = new Map<string, Bytes>();
  readonly #floats = new Map<string, string>();

  constructor({ builder, parameters, constants }: QuantizeValuesOptions) {
    this.#builder = builder;
    this.#parameters = parameters;
    this.#constants = constants;
  }

  bytes(value: string): Bytes | undefined {
    return this.#bytes.get(value);
  }

  /** Let `value` be the bytes under `name`. */
  setBytes(value: string, name: string, parameters = this.#parameters(value)): Bytes {
    const { scale, zeroPoint } = parameters;
    const constants = [
      this.#builder.constant(`${value}_scale`, { type: 'float32', dims: [], data: Float32Array.of(scale) }),
      this.#builder.constant(`${value}_zero`, { type: 'uint8', dims: [], data: Uint8Array.of(zeroPoint) }),
    ] as const;
    return this.carryBytes(value, { name, scale, zeroPoint, constants });
  }

  /** Let `value` be these bytes, whose meaning another value shares. */
  carryBytes(value: string, bytes: Bytes): Bytes {
    this.#bytes.set(value, bytes);
    this.#floats.delete(value);
    return bytes;
  }

  /** Let `value` be the bytes of the float `name`. */
  quantize(value: string, name: string, parameters = this.#parameters(value)): Bytes {
    const bytes = this.setBytes(value, '', parameters);
    return this.carryBytes(value, {
      ...bytes,
      name: this.#builder.add('QuantizeLinear', [name, ...bytes.constants]),
    });
  }

  /** `value` as bytes: made of floats by a QuantizeLinear, of a constant here and now. */
  quantized(value: string): Bytes {
    const known = this.#bytes.get(value);
    if (known !== undefined) return known;
    const constant = this.#constants.get(value);
    return constant?.type === 'float32'
      ? this.#quantizedConstant(value, constant.dims, constant.data)
      : this.quantize(value, this.float(value));
  }

  /**
   * The name of `value` as float: of what was bytes, always what the bytes say, so that the float before
   * them has no other reader and the runtime can leave it out.
   */
  float(value: string): string {
    const bytes = this.#bytes.get(value);
    const name = this.#floats.get(value);
    if (bytes === undefined || name !== undefined || this.#constants.has(value)) return name ?? value;
    const made = this.dequantize(bytes);
    this.#floats.set(value, made);
    return made;
  }

  /** A new DequantizeLinear of the bytes: the runtime fuses it only where it has one reader. */
  dequantize(bytes: Bytes, output?: string): string {
    return this.#builder.add(
      'DequantizeLinear',
      [bytes.name, ...bytes.constants],
      output === undefined ? {} : { output },
    );
  }

  #quantizedConstant(value: string, dims: readonly number[], data: Float32Array): Bytes {
    let [min, max] = [0, 0];
    for (const number of data) [min, max] = [Math.min(min, number), Math.max(max, number)];
    const parameters = activationParameters({ min, max });
    const bytes = bytesOf(data, parameters);
    return this.setBytes(
      value,
      this.#builder.constant(`${value}_uint8`, { type: 'uint8', dims, data: bytes }),
      parameters,
    );
  }
}

/** As QuantizeLinear: it rounds half to even, and so does a Uint8ClampedArray. */
export function bytesOf(data: Float32Array, { scale, zeroPoint }: Parameters): Uint8Array {
  return new Uint8Array(Uint8ClampedArray.from(data, (number) => number / scale + zeroPoint).buffer);
}

/** As DequantizeLinear. */
export function floatsOf(data: Uint8Array, { scale, zeroPoint }: Parameters): Float32Array {
  return Float32Array.from(data, (byte) => (byte - zeroPoint) * scale);
}
