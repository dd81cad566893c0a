/** Exponential ones, by name; at first they forget faster, so that what came from chance is soon gone. */
export class RunningMeans {
  readonly #kept: number;
  readonly #means = new Map<string, Float32Array>();
  #steps = 0;

  constructor(kept: number) {
    this.#kept = kept;
  }

  next(): void {
    this.#steps++;
  }

  add(name: string, values: Float32Array): void {
    const means = this.#means.get(name);
    if (means === undefined) {
      this.#means.set(name, Float32Array.from(values));
      return;
    }
    const share = Math.min(this.#kept, this.#steps / (this.#steps + 9));
    for (let i = 0; i < means.length; i++)
      means[i] = (means[i] ?? 0) * share + (values[i] ?? 0) * (1 - share);
  }

  of(name: string): Float32Array {
    const means = this.#means.get(name);
    if (means === undefined) throw new RangeError(`Expected a mean of ${name} but found none`);
    return Float32Array.from(means);
  }
}
