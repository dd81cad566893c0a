import type { GraphBuilder } from '../../compiler/graph-builder.ts';
import { toHalves } from '../../compiler/half.ts';
import { type Convolution, type Layers, type Parameters, parametersOf } from './layers.ts';
import { leastVariance } from './tape.ts';

/** Mean and variance of every normalized convolution, `[to]` each, as they are used once the net has learned. */
export type Statistics = ReadonlyMap<
  string,
  { readonly mean: Float32Array; readonly variance: Float32Array }
>;

/** What a net learned: running means over the last steps, which do better than the last step. */
export interface Learned {
  readonly parameters: Parameters;
  readonly statistics: Statistics;
}

/** Layers of a net that has learned: what normalizes is part of the kernels and biases. */
export class FoldedLayers implements Layers {
  readonly #builder: GraphBuilder;
  readonly #parameters: Parameters;
  readonly #statistics: Statistics;

  constructor({ builder, parameters, statistics }: Learned & { readonly builder: GraphBuilder }) {
    this.#builder = builder;
    this.#parameters = parameters;
    this.#statistics = statistics;
  }

  convolution(input: string, shape: Convolution): string {
    const { name, from, to, size, stride = 1, dilation = 1 } = shape;
    const names = parametersOf(name);
    const kernel = Float32Array.from(this.#parameter(names.kernel));
    const bias = Float32Array.from(this.#parameter(names.shift));
    const statistics = this.#statistics.get(name);
    if (statistics !== undefined) {
      const scale = this.#parameter(names.scale);
      const area = from * size * size;
      for (let c = 0; c < to; c++) {
        const factor = (scale[c] ?? 1) / Math.sqrt((statistics.variance[c] ?? 1) + leastVariance);
        for (let i = c * area; i < (c + 1) * area; i++) kernel[i] = (kernel[i] ?? 0) * factor;
        bias[c] = (bias[c] ?? 0) - (statistics.mean[c] ?? 0) * factor;
      }
    }
    const builder = this.#builder;
    const dims = [to, from, size, size];
    const before = (size >> 1) * dilation;
    const [strides, dilations] = [{ ints: [stride, stride] }, { ints: [dilation, dilation] }];
    return builder.add(
      'Conv',
      [
        input,
        // As halves: half the bytes of a bundle, and the runtime widens them once, when it loads.
        builder.add(
          'Cast',
          [builder.constant(names.kernel, { type: 'float16', dims, data: toHalves(kernel) })],
          { attributes: { to: { int: 1 } } },
        ),
        builder.constant(names.shift, { type: 'float32', dims: [to], data: bias }),
      ],
      { attributes: { strides, dilations, pads: { ints: [before, before, before, before] } } },
    );
  }

  relu(input: string): string {
    return this.#builder.add('Relu', [input]);
  }

  sum(a: string, b: string): string {
    return this.#builder.add('Add', [a, b]);
  }

  #parameter(name: string): Float32Array {
    const found = this.#parameters.get(name);
    if (found === undefined) throw new RangeError(`Expected the parameter ${name} but found none`);
    return found.data;
  }
}
