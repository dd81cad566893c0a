/** Numbers from 0 to below 1, the same for the same seed. */
function uniform(count: number, seed: number): number[] {
  let state = seed * 2 + 1;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  });
}

export function floats(count: number, seed: number, least: number, greatest: number): Float32Array {
  return Float32Array.from(uniform(count, seed), (each) => least + each * (greatest - least));
}

/** From `least` to `greatest`, both included. */
export function integers(count: number, seed: number, least: number, greatest: number): Int32Array {
  return Int32Array.from(uniform(count, seed), (each) => least + Math.floor(each * (greatest - least + 1)));
}

export function bytes(type: 'int8' | 'uint8', count: number, seed: number): Int8Array | Uint8Array {
  const numbers = uniform(count, seed).map((each) => Math.floor(each * 256));
  return type === 'uint8' ? Uint8Array.from(numbers) : Int8Array.from(numbers, (each) => each - 128);
}
