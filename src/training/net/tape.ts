import type { Attribute } from '../../compiler/graph.ts';
import type { GraphBuilder } from '../../compiler/graph-builder.ts';
import { type Convolution, type Layers, parametersOf } from './layers.ts';

/** What batch normalization divides by is at least the root of this. */
export const leastVariance = 1e-3;

/** Values of one normalized convolution, `[1, to, 1, 1]` each: what its batch looked like. */
export interface BatchStatistics {
  readonly mean: string;
  readonly variance: string;
}

/**
 * Layers that write down, as they are added to a graph, how gradients flow back through them; `backward` then adds
 * that, last layer first (reverse-mode differentiation). ONNX Runtime so takes whole steps of training, several times
 * as fast as TensorFlow.js does on WebAssembly.
 */
export class Tape implements Layers {
  /** Of every normalized convolution, by its name. */
  readonly statistics = new Map<string, BatchStatistics>();
  readonly #builder: GraphBuilder;
  /** The picture has no use for a gradient, and it would be the most expensive of all. */
  readonly #input: string;
  readonly #steps: (() => void)[] = [];
  readonly #gradients = new Map<string, string>();

  constructor({ builder, input }: { readonly builder: GraphBuilder; readonly input: string }) {
    this.#builder = builder;
    this.#input = input;
  }

  convolution(input: string, shape: Convolution): string {
    const { kernel, shift } = parametersOf(shape.name);
    const plain = this.#convolve(input, kernel, shape);
    if (shape.normalised ?? true) return this.#normalise(plain, shape.name);
    const { add } = this;
    const output = add('Add', [plain, this.#perChannel(shift)]);
    this.#steps.push(() => {
      const gradient = this.gradient(output);
      this.#flow(plain, gradient);
      this.#flow(shift, this.#sumPerChannel(gradient));
    });
    return output;
  }

  relu(input: string): string {
    const output = this.add('Relu', [input]);
    this.#steps.push(() => {
      this.#flow(input, this.add('Mul', [this.gradient(output), this.add('Sign', [output])]));
    });
    return output;
  }

  sum(a: string, b: string): string {
    const output = this.add('Add', [a, b]);
    this.#steps.push(() => {
      for (const each of [a, b]) this.#flow(each, this.gradient(output));
    });
    return output;
  }

  /** Adds the gradients of all that was added so far, given that of `output`; `gradient` then tells them. */
  backward(output: string, gradient: string): void {
    this.#flow(output, gradient);
    for (const step of this.#steps.toReversed()) step();
  }

  /** The name of the gradient of a value or of a parameter. */
  gradient(name: string): string {
    const found = this.#gradients.get(name);
    if (found === undefined) throw new RangeError(`Expected a gradient of ${name} but found none`);
    return found;
  }

  readonly add = (
    op: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>> = {},
  ) => this.#builder.add(op, inputs, { attributes });

  #convolve(input: string, kernel: string, shape: Convolution): string {
    const { add } = this;
    const { size, stride = 1, dilation = 1 } = shape;
    const before = (size >> 1) * dilation;
    const [strides, dilations] = [{ ints: [stride, stride] }, { ints: [dilation, dilation] }];
    const pads = { ints: [before, before, before, before] };
    const output = add('Conv', [input, kernel], { strides, dilations, pads });
    this.#steps.push(() => {
      const gradient = this.gradient(output);
      // By the kernel it is a convolution too: channels are its pictures, pictures its channels, the gradient is
      // its kernel, and what was a stride is a dilation, what was a dilation a stride.
      const after = before - stride + 1;
      const turned = add('Conv', [this.#swapped(input), this.#swapped(gradient)], {
        dilations: strides,
        strides: dilations,
        pads: { ints: [before, before, after, after] },
      });
      this.#flow(kernel, this.#swapped(turned));
      if (input === this.#input) return;
      const output_padding = { ints: [stride - 1, stride - 1] };
      this.#flow(
        input,
        add('ConvTranspose', [gradient, kernel], { strides, dilations, pads, output_padding }),
      );
    });
    return output;
  }

  /** Few passes over all the numbers, which is what takes the time: `x * factor + offset`, both a channel each. */
  #normalise(input: string, name: string): string {
    const { add } = this;
    const { scale, shift } = parametersOf(name);
    const mean = this.#meanPerChannel(input);
    const squares = this.#meanPerChannel(add('Mul', [input, input]));
    const variance = add('Sub', [squares, add('Mul', [mean, mean])]);
    this.statistics.set(name, { mean, variance });
    const deviation = add('Sqrt', [add('Add', [variance, this.#numbers([leastVariance])])]);
    const factor = add('Div', [this.#perChannel(scale), deviation]);
    const offset = add('Sub', [this.#perChannel(shift), add('Mul', [mean, factor])]);
    const output = add('Add', [add('Mul', [input, factor]), offset]);
    this.#steps.push(() => {
      const gradient = this.gradient(output);
      const meanGradient = this.#meanPerChannel(gradient);
      const product = this.#meanPerChannel(add('Mul', [gradient, input]));
      // The mean of the gradient times the normalized input.
      const along = add('Div', [add('Sub', [product, add('Mul', [mean, meanGradient])]), deviation]);
      this.#flow(shift, this.#timesCount(meanGradient, gradient));
      this.#flow(scale, this.#timesCount(along, gradient));
      // factor * (gradient - mean(gradient) - normalized * along), gathered by what is multiplied with the input.
      const slope = add('Neg', [add('Mul', [factor, add('Div', [along, deviation])])]);
      const rest = add('Neg', [add('Add', [add('Mul', [factor, meanGradient]), add('Mul', [slope, mean])])]);
      const direct = add('Add', [add('Mul', [gradient, factor]), rest]);
      this.#flow(input, add('Add', [direct, add('Mul', [input, slope])]));
    });
    return output;
  }

  #flow(to: string, gradient: string): void {
    const other = this.#gradients.get(to);
    this.#gradients.set(to, other === undefined ? gradient : this.add('Add', [other, gradient]));
  }

  #meanPerChannel(value: string): string {
    return this.add('ReduceMean', [value], { axes: { ints: [0, 2, 3] }, keepdims: { int: 1 } });
  }

  /** `[C]` */
  #sumPerChannel(value: string): string {
    return this.add('ReduceSum', [value, this.#whole([0, 2, 3])], { keepdims: { int: 0 } });
  }

  /** A mean `[1, C, 1, 1]` as the sum `[C]` of what it is the mean of. */
  #timesCount(mean: string, of: string): string {
    const { add } = this;
    const all = add('Cast', [add('Size', [of])], { to: { int: 1 } });
    const channels = add('Cast', [add('Size', [mean])], { to: { int: 1 } });
    return add('Squeeze', [add('Mul', [mean, add('Div', [all, channels])]), this.#whole([0, 2, 3])]);
  }

  #perChannel(parameter: string): string {
    return this.add('Unsqueeze', [parameter, this.#whole([0, 2, 3])]);
  }

  /** First and second dimension. */
  #swapped(value: string): string {
    return this.add('Transpose', [value], { perm: { ints: [1, 0, 2, 3] } });
  }

  #numbers(data: readonly number[]): string {
    return this.#builder.constant('numbers', {
      type: 'float32',
      dims: [data.length],
      data: Float32Array.from(data),
    });
  }

  #whole(data: readonly number[]): string {
    return this.#builder.constant('sizes', {
      type: 'int64',
      dims: [data.length],
      data: BigInt64Array.from(data, BigInt),
    });
  }
}
