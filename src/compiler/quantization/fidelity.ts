import type { Sample } from '../calibrate.ts';
import type { Tensor } from '../tensor.ts';
import type { Runner } from './runner.ts';

/** How close the outputs of a graph are to those of its float self, on the same samples. */
export interface Fidelity {
  /** Of each float output the signal-to-quantization-noise ratio, dB: `10 log10(Σ x² / Σ (x - q)²)`. */
  readonly sqnrDb: Readonly<Record<string, number>>;
  /** The least of them. */
  readonly leastDb: number;
}

/** Outputs of the float graph, sample by sample. */
export type Reference = readonly Readonly<Record<string, Tensor>>[];

export async function fidelity(
  runner: Runner,
  samples: readonly Sample[],
  reference: Reference,
): Promise<Fidelity> {
  const sums = new Map<string, { signal: number; noise: number }>();
  for (const [i, sample] of samples.entries()) {
    const outputs = await runner.run(sample);
    for (const [name, expected] of Object.entries(reference[i] ?? {})) {
      const actual = outputs[name];
      if (expected.type !== 'float32' || actual?.type !== 'float32') continue;
      const sum = sums.get(name) ?? { signal: 0, noise: 0 };
      addTo(sum, expected.data, actual.data);
      sums.set(name, sum);
    }
  }
  const sqnrDb = Object.fromEntries(
    [...sums].map(([name, { signal, noise }]) => [name, decibels(signal, noise)]),
  );
  return { sqnrDb, leastDb: Math.min(...Object.values(sqnrDb)) };
}

/** No noise at all would be infinitely good; as a number that JSON has, it is `greatestDb`. */
const greatestDb = 150;

export function decibels(signal: number, noise: number): number {
  if (!Number.isFinite(noise)) return -greatestDb;
  if (noise === 0) return greatestDb;
  return Math.max(-greatestDb, Math.min(greatestDb, 10 * Math.log10(signal / noise)));
}

function addTo(sum: { signal: number; noise: number }, expected: Float32Array, actual: Float32Array): void {
  for (let i = 0; i < expected.length; i++) {
    const value = expected[i] ?? 0;
    const difference = value - (actual[i] ?? Number.NaN);
    sum.signal += value * value;
    sum.noise += difference * difference;
  }
}
