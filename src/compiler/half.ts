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

/** The nearest numbers of IEEE 754 binary16, as bits; of two that are as near, the even one. */
export function toHalves(floats: Float32Array): Uint16Array {
  return Uint16Array.from(floats, toHalf);
}

function toHalf(value: number): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.abs(value);
  if (Number.isNaN(size)) return 0x7e00;
  // From half a step over the greatest half, 65504.
  if (size >= 65_520) return sign | 0x7c00;
  const exponent = Math.max(-14, Math.floor(Math.log2(size)));
  const steps = roundHalfEven(size / 2 ** (exponent - 10));
  // A fraction that is rounded up to 2 carries over into the exponent, as the bits of both lie side by side.
  return sign | (steps < 1024 ? steps : steps - 1024 + ((exponent + 15) << 10));
}

function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}
