import * as core from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { artifactsOf } from '../../../src/compiler/tfjs/artifacts.ts';
import { computeOn } from '../../support/compute-on.ts';

computeOn('cpu');

const stored = fc.constantFrom('float32', 'int32', 'bool', 'float16', 'uint8', 'uint16', 'int8');

const weight = fc.record({
  as: stored,
  dims: fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 }),
  scale: fc.float({ min: Math.fround(1e-4), max: 10, noNaN: true }),
  min: fc.float({ min: -100, max: 100, noNaN: true }),
});

type Entry = core.io.WeightsManifestEntry;

/** As the converter describes it. `int8` stands for integers that are stored as steps of bytes. */
function specOf({ as, dims, scale, min }: Parameters<Parameters<typeof weight.map>[0]>[0], i: number): Entry {
  const spec = { name: `w${i}`, shape: dims };
  if (as === 'float32' || as === 'int32' || as === 'bool') return { ...spec, dtype: as };
  if (as === 'float16') return { ...spec, dtype: 'float32', quantization: { dtype: 'float16' } };
  if (as !== 'int8') return { ...spec, dtype: 'float32', quantization: { dtype: as, scale, min } };
  const quantization = { dtype: 'uint8', scale: Math.ceil(scale), min: Math.round(min) } as const;
  return { ...spec, dtype: 'int32', quantization };
}

const widths = { float32: 4, int32: 4, bool: 1, float16: 2, uint8: 1, uint16: 2, int8: 1 } as const;

it('weights stored in every way are the numbers that TensorFlow.js reads', () => {
  fc.assert(
    fc.property(
      fc.array(weight, { minLength: 1, maxLength: 5 }),
      fc.infiniteStream(fc.nat(255)),
      (weights, random) => {
        const specs = weights.map(specOf);
        const length = weights.reduce(
          (sum, { as, dims }) => sum + widths[as] * dims.reduce((product, size) => product * size, 1),
          0,
        );
        const bytes = Uint8Array.from({ length }, () => random.next().value ?? 0);
        const ours = artifactsOf({ modelTopology: {}, weightSpecs: specs }, bytes, 'weights').weights;
        const theirs = core.io.decodeWeights(bytes.slice().buffer, specs);
        for (const { name } of specs) {
          const tensor = theirs[name];
          expect(ours.get(name)?.dims).toEqual(tensor?.shape);
          const [actual, expected] = [[...(ours.get(name)?.data ?? [])], [...(tensor?.dataSync() ?? [])]];
          expect(actual.map(Number)).toEqual(expected.map(Number));
          tensor?.dispose();
        }
      },
    ),
    { numRuns: 300 },
  );
});
