/** Numbers in [0, 1) that are the same for the same seed. */
export type Random = () => number;

/** One that can begin again, with another seed. */
export interface SeededRandom extends Random {
  restart(seed: number): void;
}

/** Marsaglia's xorshift of 32 bits (Journal of Statistical Software 8, 14, 2003): plenty for shuffling. */
export function seeded(seed: number): SeededRandom {
  let state = 0;
  const random = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state = (state ^ (state << 5)) >>> 0;
    return state / 2 ** 32;
  };
  const restart = (from: number) => {
    state = (from ^ 0x9e3779b9) >>> 0 || 1;
  };
  restart(seed);
  return Object.assign(random, { restart });
}

/** 0 to `count - 1` in random order (Fisher and Yates). */
export function permutation(count: number, random: Random): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    const [a = 0, b = 0] = [order[i], order[j]];
    order[i] = b;
    order[j] = a;
  }
  return order;
}
