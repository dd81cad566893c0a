import type { TypedTensor } from '../tensor.ts';

/** Of each channel of a value the mean and the greatest magnitude. */
export class ChannelStatistics {
  readonly #sums: Float64Array;
  readonly #magnitudes: Float64Array;
  #count = 0;

  constructor(channels: number) {
    this.#sums = new Float64Array(channels);
    this.#magnitudes = new Float64Array(channels);
  }

  /** `[channels]` */
  get means(): Float64Array {
    return this.#sums.map((sum) => sum / Math.max(1, this.#count));
  }

  /** `[channels]` */
  get magnitudes(): Float64Array {
    return this.#magnitudes.slice();
  }

  /** `axis` is that of the channels, from the end where it is negative. */
  add({ dims, data }: TypedTensor<'float32'>, axis: number): void {
    const channels = this.#sums.length;
    const stride = dims
      .slice(axis < 0 ? dims.length + axis + 1 : axis + 1)
      .reduce((all, size) => all * size, 1);
    for (let start = 0, channel = 0; start < data.length; start += stride) {
      let sum = 0;
      let magnitude = this.#magnitudes[channel] ?? 0;
      for (let i = start; i < start + stride; i++) {
        const number = data[i] ?? 0;
        sum += number;
        if (number > magnitude) magnitude = number;
        else if (-number > magnitude) magnitude = -number;
      }
      this.#sums[channel] = (this.#sums[channel] ?? 0) + sum;
      this.#magnitudes[channel] = magnitude;
      channel = channel + 1 === channels ? 0 : channel + 1;
    }
    this.#count += data.length / channels;
  }
}
