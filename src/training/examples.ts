import type { Random } from './random.ts';

/** Numbers row by row: the first size is how many rows. */
export interface Rows {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

export interface Batch {
  /** `[n, ...]`, as the net takes them. */
  readonly inputs: Rows;
  /** `[n, ...]`, as the loss takes them: class indices `[n]`, or what the net should answer. */
  readonly targets: Rows;
}

/** What a net learns from or is judged by, in memory or made when asked for. */
export interface Examples {
  readonly count: number;
  /** These examples, in this order; with `random` changed a little, as each time that they are learned from. */
  take(indices: Uint32Array, random?: Random): Batch;
}

/** The examples at these places, seen as examples of their own. */
export function subset(examples: Examples, indices: Uint32Array): Examples {
  return {
    count: indices.length,
    take: (places, random) =>
      examples.take(
        places.map((place) => indices[place] ?? 0),
        random,
      ),
  };
}

/** All examples in their order, in batches. */
export function* batches(examples: Examples, size: number): Generator<Batch> {
  for (let start = 0; start < examples.count; start += size) {
    const length = Math.min(size, examples.count - start);
    yield examples.take(Uint32Array.from({ length }, (_, i) => start + i));
  }
}
