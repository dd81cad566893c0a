import type { GraphBuilder } from './graph-builder.ts';
import type { Parameters } from './quantization.ts';
import type { Tensor, TensorType } from './tensor.ts';
import { permuted } from './transpose.ts';

/** `'N'` is the batch, and stands in the first place only. */
export type Size = number | 'N';

/** How the four dimensions of a picture lie in memory. Values of other ranks lie one way only. */
export type Layout = 'nhwc' | 'nchw';

/**
 * A value of a net whose source has channels last. Its shape is always that of the source; in which layouts
 * it is there, and under which names, the builder knows.
 */
export interface Value {
  readonly type: TensorType;
  readonly shape: readonly Size[];
  /** Of a constant, its numbers in the layout of the source. */
  readonly tensor?: Tensor;
  /** Of bytes, what they mean: `float` reads them as real numbers. */
  readonly quantization?: Parameters;
}

/** Where dimension `i` of a picture comes from when channels move to the front, and back. */
export const permutations: { readonly [L in Layout]: readonly number[] } = {
  nchw: [0, 3, 1, 2],
  nhwc: [0, 2, 3, 1],
};

/** The source does with the first dimension what no batch of any size bears; `message` says what. */
export class BatchNotFree extends Error {
  override readonly name = 'BatchNotFree';
}

/** A name, or what adds the node to the graph as soon as somebody wants the name. */
type Names = { readonly [L in Layout]?: string | (() => string) };

/** A picture and how many zeros were put around it. */
export interface Padding {
  readonly picture: Value;
  readonly before: readonly number[];
  readonly after: readonly number[];
}

/**
 * Builds the ONNX graph, channels first where ONNX wants them, of a net that has them last. Each value is
 * brought into the other layout at most once, and only when somebody asks for it: `nchw` and `nhwc` give the
 * name of a value in a layout. The operators are functions in `nhwc-*.ts`.
 */
export class NhwcBuilder {
  readonly graph: GraphBuilder;
  readonly #names = new WeakMap<Value, Names>();
  readonly #paddings = new WeakMap<Value, Padding>();
  readonly #parameters = new Map<string, readonly [scale: string, zeroPoint: string]>();

  constructor(graph: GraphBuilder) {
    this.graph = graph;
  }

  /**
   * A value that the graph has under `name` in `layout` (default `nhwc`), or will have once somebody reads it.
   */
  value(
    name: Names[Layout] & {},
    { layout = 'nhwc', ...parts }: Value & { readonly layout?: Layout },
  ): Value {
    const value = Object.freeze({ ...parts });
    this.#names.set(value, { [layout]: name });
    return value;
  }

  /** It enters the graph when somebody asks for its name. */
  constant(tensor: Tensor, quantization?: Parameters): Value {
    const { type, dims } = tensor;
    return Object.freeze({ type, shape: dims, tensor, ...(quantization && { quantization }) });
  }

  nhwc(value: Value): string {
    return this.in('nhwc', value);
  }

  nchw(value: Value): string {
    return this.in('nchw', value);
  }

  /** The name of the value in `layout`, bytes as bytes; made if need be. */
  in(layout: Layout, value: Value): string {
    const names = this.#names.get(value) ?? {};
    const wanted = value.shape.length === 4 ? layout : 'nhwc';
    const known = names[wanted];
    if (typeof known === 'string') return known;
    const name = known?.() ?? this.#made(wanted, value);
    this.#names.set(value, { ...names, [wanted]: name });
    return name;
  }

  /** Lets operators that pad by themselves find out that `value` is a picture with zeros around it. */
  notePadding(value: Value, padding: Padding): void {
    this.#paddings.set(value, padding);
  }

  paddingOf(value: Value): Padding | undefined {
    return this.#paddings.get(value);
  }

  /**
   * The name of the value in `layout` as real numbers. Of bytes a new DequantizeLinear each time: the runtime
   * fuses it with its reader only where that is the only one.
   */
  float(layout: Layout, value: Value): string {
    const name = this.in(layout, value);
    return value.quantization ? this.dequantize(name, value.quantization) : name;
  }

  dequantize(name: string, parameters: Parameters, output?: string): string {
    const inputs = [name, ...this.#constants(parameters)];
    return this.graph.add('DequantizeLinear', inputs, output === undefined ? {} : { output });
  }

  /** The float `value` as bytes of these parameters, in the layout that it has. */
  quantized(value: Value, quantization: Parameters): Value {
    const layout = this.layoutOf([value]);
    const inputs = [this.float(layout, value), ...this.#constants(quantization)];
    const name = this.graph.add('QuantizeLinear', inputs);
    return this.value(name, { type: 'uint8', shape: value.shape, layout, quantization });
  }

  /**
   * The layout in which an operator that minds none should run: one that all have, else channels first, since
   * it is between convolutions that it pays to change nothing.
   */
  layoutOf(values: readonly Value[]): Layout {
    const pictures = values.filter(({ shape, tensor }) => shape.length === 4 && tensor === undefined);
    const all = (layout: Layout) => pictures.every((each) => this.#names.get(each)?.[layout] !== undefined);
    return pictures.length > 0 && (all('nchw') || !all('nhwc')) ? 'nchw' : 'nhwc';
  }

  #made(layout: Layout, value: Value): string {
    const { tensor } = value;
    if (tensor) {
      return this.graph.constant('c', layout === 'nhwc' ? tensor : permuted(tensor, permutations.nchw));
    }
    const other = layout === 'nhwc' ? 'nchw' : 'nhwc';
    if (this.#names.get(value)?.[other] === undefined)
      throw new TypeError('Expected a value of this builder');
    const from = this.in(other, value);
    if (inOneOrder(value)) {
      const shape = layout === 'nhwc' ? value.shape : permutations.nchw.map((axis) => value.shape[axis] ?? 1);
      return this.graph.add('Reshape', [from, this.sizes(shape)]);
    }
    return this.graph.add('Transpose', [from], { attributes: { perm: { ints: permutations[layout] } } });
  }

  /** The constant of a shape for Reshape: the batch is what is left. */
  sizes(shape: readonly Size[]): string {
    const data = BigInt64Array.from(shape, (size) => (size === 'N' ? -1n : BigInt(size)));
    return this.graph.constant('shape', { type: 'int64', dims: [shape.length], data });
  }

  #constants({ scale, zeroPoint }: Parameters): readonly [string, string] {
    const key = `${scale},${zeroPoint}`;
    let names = this.#parameters.get(key);
    if (names === undefined) {
      names = [
        this.graph.constant('scale', { type: 'float32', dims: [], data: Float32Array.of(scale) }),
        this.graph.constant('zero', { type: 'uint8', dims: [], data: Uint8Array.of(zeroPoint) }),
      ];
      this.#parameters.set(key, names);
    }
    return names;
  }
}

/** Whether a picture's numbers lie in the same order in both layouts. */
export function inOneOrder({ shape: [, height, width, channels] }: Value): boolean {
  return channels === 1 || (height === 1 && width === 1);
}
