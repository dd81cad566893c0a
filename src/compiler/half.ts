/** All numbers of IEEE 754 binary16 by their bits: 256 KB, made when the first is asked for. */
let numbers: Float32Array | undefined;

/** The numbers that bits of IEEE 754 binary16 stand for. */
export function fromHalves(halves: Uint16Array): Float32Array {
  numbers ??= Float32Array.from({ length: 2 ** 16 }, (_, bits) => fromHalf(bits));
  const floats = new Float32Array(halves.length);
  for (let i = 0; i < halves.length; i++) floats[i] = numbers[halves[i] ?? 0] ?? 0;
  return floats;
}

function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
