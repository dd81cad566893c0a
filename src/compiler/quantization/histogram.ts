/** Bins on each side of zero. */
const half = 2048;

/**
 * How often a value took which numbers, in bounded memory however many there are: when a number lies outside
 * of the bins, they double in width and each two become one. Widths are powers of two and zero is an edge, so
 * that nothing is smeared by it.
 */
export class Histogram {
  #counts = new Float64Array(2 * half);
  #width = 0;
  #zeros = 0;
  #total = 0;
  #finite = true;
  #min = Number.POSITIVE_INFINITY;
  #max = Number.NEGATIVE_INFINITY;

  /** The least and the greatest number, exactly. */
  get min(): number {
    return this.#min;
  }
  get max(): number {
    return this.#max;
  }

  /** Whether every number was one: neither infinite nor NaN. */
  get finite(): boolean {
    return this.#finite;
  }

  /** Numbers that were counted. */
  get total(): number {
    return this.#total;
  }

  /** Numbers that were exactly zero, which every quantization keeps; they are in no bin. */
  get zeros(): number {
    return this.#zeros;
  }

  /** The bins that are not empty, from the least: each as its middle and how many numbers it has. */
  *bins(): Generator<readonly [middle: number, count: number]> {
    for (const [i, count] of this.#counts.entries()) {
      if (count > 0) yield [(i - half + 0.5) * this.#width, count];
    }
  }

  get width(): number {
    return this.#width;
  }

  /** Note the extremes of all numbers, and count every `step`th of them. */
  add(data: Float32Array, step = 1): void {
    this.#widen(data);
    if (!this.#finite) return;
    const scale = 1 / this.#width;
    const counts = this.#counts;
    for (let i = 0; i < data.length; i += step) {
      const number = data[i] ?? 0;
      this.#total++;
      if (number === 0) this.#zeros++;
      else {
        const bin = Math.floor(number * scale) + half;
        counts[bin] = (counts[bin] ?? 0) + 1;
      }
    }
  }

  #widen(data: Float32Array): void {
    let min = this.#min;
    let max = this.#max;
    let sum = 0;
    for (let i = 0; i < data.length; i++) {
      const number = data[i] ?? 0;
      // Infinities and NaN alone make it anything but zero.
      sum += number - number;
      if (number < min) min = number;
      if (number > max) max = number;
    }
    if (sum !== 0) this.#finite = false;
    this.#min = min;
    this.#max = max;
    if (!this.#finite) return;
    const reach = Math.max(-min, max, 2 ** -100);
    if (this.#width === 0) this.#width = 2 ** (Math.floor(Math.log2(reach)) - 10);
    while (this.#width * half <= reach) this.#merge();
  }

  #merge(): void {
    const merged = new Float64Array(2 * half);
    for (const [i, count] of this.#counts.entries()) {
      const bin = Math.floor((i - half) / 2) + half;
      merged[bin] = (merged[bin] ?? 0) + count;
    }
    this.#counts = merged;
    this.#width *= 2;
  }
}
