import type { Sample, Samples } from '../calibrate.ts';
import type { Parameters } from '../quantization.ts';
import { asFloats } from './runner.ts';

/** The samples with floats where they have bytes for an input of `inputs`. */
export function floatSamples(samples: Samples, inputs: Readonly<Record<string, Parameters>>): Samples {
  return {
    async *[Symbol.asyncIterator]() {
      for await (const sample of samples) {
        const floats = Object.entries(sample).map(([name, tensor]) => [name, asFloats(tensor, inputs[name])]);
        yield Object.fromEntries(floats);
      }
    },
  };
}

export async function firstOf(samples: Samples, count: number): Promise<Sample[]> {
  const first: Sample[] = [];
  for await (const sample of samples) {
    if (first.length === count) break;
    first.push(sample);
  }
  return first;
}
