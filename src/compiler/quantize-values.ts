import type { Range } from './calibrate.ts';
import type { GraphBuilder } from './graph-builder.ts';
import { activationParameters, type Parameters } from './quantization.ts';

/** A value as bytes: its name and what a byte of it means. */
export interface Bytes extends Parameters {
  readonly name: string;
  /** Names of the constants `scale` and `zeroPoint`. */
  readonly constants: readonly [scale: string, zeroPoint: string];
}

/** The values of a graph while it is quantized: each as float, as bytes, or as either, made when asked for. */
export class QuantizeValues {
  readonly #builder: GraphBuilder;
  readonly #ranges: ReadonlyMap<string, Range>;
  readonly #bytes = new Map<string, Bytes>();
  readonly #floats = new Map<string, string>();

  constructor(builder: GraphBuilder, ranges: ReadonlyMap<string, Range>) {
    this.#builder = builder;
    this.#ranges = ranges;
  }

  bytes(value: string): Bytes | undefined {
    return this.#bytes.get(value);
  }

  /** Whether `quantized` can answer. */
  canQuantize(value: string): boolean {
    return this.#bytes.has(value) || this.#ranges.has(value);
  }

  /** Let `value` be the bytes under `name`. */
  setBytes(value: string, name: string, parameters: Parameters): Bytes {
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

  /** Let the float `value` have another name in the new graph. */
  renameFloat(value: string, name: string): void {
    this.#floats.set(value, name);
  }

  /** `value` as bytes, through a QuantizeLinear if need be. */
  quantized(value: string): Bytes {
    const known = this.#bytes.get(value);
    if (known !== undefined) return known;
    const float = this.float(value);
    const parameters = activationParameters(this.#ranges.get(value) ?? { min: 0, max: 0 });
    const bytes = this.setBytes(value, '', parameters);
    const name = this.#builder.add('QuantizeLinear', [float, ...bytes.constants]);
    return this.carryBytes(value, { ...bytes, name });
  }

  /**
   * The name of `value` as float: of what was bytes, always what the bytes say, so that the float before
   * them has no other reader and the runtime can leave it out.
   */
  float(value: string): string {
    const bytes = this.#bytes.get(value);
    const name = this.#floats.get(value);
    if (bytes === undefined || name !== undefined) return name ?? value;
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
}
