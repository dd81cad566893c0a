import type { Random } from '../../src/training/random.ts';

/** What damage and malice do to bytes: one to three of these, one after the other. */
const damages: readonly ((bytes: Buffer, random: Random) => Buffer)[] = [
  // Cut off.
  (bytes, random) => bytes.subarray(0, below(bytes.length, random)),
  // Bits flipped.
  (bytes, random) => {
    for (let n = 0; n < 8; n++) {
      const at = below(bytes.length, random);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << below(8, random));
    }
    return bytes;
  },
  // Extremes, where sizes and offsets stand.
  (bytes, random) => withExtreme(bytes, below(bytes.length, random), random),
  // The same near the beginning, where headers are.
  (bytes, random) => withExtreme(bytes, below(Math.min(64, bytes.length), random), random),
  // A piece that comes twice.
  (bytes, random) => {
    const [from, to] = piece(bytes, random);
    return Buffer.concat([bytes.subarray(0, to), bytes.subarray(from)]);
  },
  // A piece that is missing.
  (bytes, random) => {
    const [from, to] = piece(bytes, random);
    return Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]);
  },
  // Noise in between.
  (bytes, random) => {
    const at = below(bytes.length, random);
    const noise = Buffer.from(Array.from({ length: 1 + below(64, random) }, () => below(256, random)));
    return Buffer.concat([bytes.subarray(0, at), noise, bytes.subarray(at)]);
  },
];

/** A damaged copy, the same for the same random numbers. */
export function mutate(bytes: Uint8Array, random: Random): Buffer {
  let damaged: Buffer = Buffer.from(bytes);
  for (let n = below(3, random); n >= 0 && damaged.length > 0; n--) {
    damaged = damages[below(damages.length, random)]?.(damaged, random) ?? damaged;
  }
  return damaged;
}

/** A whole number from 0 to one less than `end`. */
export function below(end: number, random: Random): number {
  return Math.floor(random() * end);
}

/** One of them. */
export function pick<T>(from: readonly T[], random: Random): T {
  const found = from[below(from.length, random)];
  if (found === undefined) throw new Error('Expected something to pick from');
  return found;
}

/** One to four bytes become the least, the greatest, or what is either with a sign. */
function withExtreme(bytes: Buffer, at: number, random: Random): Buffer {
  const extreme = pick([0, 0x7f, 0x80, 0xff], random);
  return bytes.fill(extreme, at, Math.min(bytes.length, at + 1 + below(4, random)));
}

function piece(bytes: Buffer, random: Random): [from: number, to: number] {
  const from = below(bytes.length, random);
  return [from, Math.min(bytes.length, from + 1 + below(256, random))];
}
