/** One of something a source, made at its first frame. */
export class PerSource<T> {
  readonly #make: () => T;
  readonly #made = new Map<string, T>();

  constructor(make: () => T) {
    this.#make = make;
  }

  of(source: string): T {
    let one = this.#made.get(source);
    if (!one) {
      one = this.#make();
      this.#made.set(source, one);
    }
    return one;
  }

  /** `undefined` for a source of which nothing has come. */
  known(source: string): T | undefined {
    return this.#made.get(source);
  }
}
