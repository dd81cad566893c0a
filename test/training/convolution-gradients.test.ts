import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { loadTensorFlow } from '../../src/training/backend.ts';
import { seeded } from '../../src/training/random.ts';

const { core, backend } = await loadTensorFlow();
await import('@tensorflow/tfjs-backend-cpu');

type Shape = [number, number, number, number];

interface Geometry {
  readonly input: Shape;
  readonly filter: Shape;
  readonly strides: [number, number];
  readonly pad: 'same' | 'valid' | number;
}

/** Windows that fit their padded pictures, of both kinds of filter. */
const geometries = (depthwise: boolean) =>
  fc
    .record({
      count: fc.integer({ min: 1, max: 3 }),
      height: fc.integer({ min: 1, max: 9 }),
      width: fc.integer({ min: 1, max: 9 }),
      channels: fc.integer({ min: 1, max: 4 }),
      outputs: fc.integer({ min: 1, max: depthwise ? 3 : 5 }),
      kh: fc.integer({ min: 1, max: 5 }),
      kw: fc.integer({ min: 1, max: 5 }),
      sh: fc.integer({ min: 1, max: 3 }),
      sw: fc.integer({ min: 1, max: 3 }),
      pad: fc.constantFrom('same' as const, 'valid' as const, 0, 1, 2),
    })
    .filter(({ height, width, kh, kw, sh, sw, pad }) => {
      if (pad === 'same') return true;
      const around = pad === 'valid' ? 0 : 2 * pad;
      if (height + around < kh || width + around < kw) return false;
      // With padding as a number TensorFlow.js takes windows for square ones that divide the picture.
      return (
        pad === 'valid' || (kh === kw && sh === sw && (height + around - kh) % sh === 0 && height === width)
      );
    })
    .map(
      ({ count, height, width, channels, outputs, kh, kw, sh, sw, pad }): Geometry => ({
        input: [count, height, width, channels],
        filter: [kh, kw, channels, outputs],
        strides: [sh, sw],
        pad,
      }),
    );

function numbers(shape: readonly number[], seed: number): Tensor4D {
  const random = seeded(seed);
  const length = shape.reduce((product, size) => product * size, 1);
  return core.tensor(
    Float32Array.from({ length }, () => random() * 2 - 1),
    [...shape] as Shape,
  );
}

type Convolve = (x: Tensor4D, filter: Tensor4D) => Tensor4D;

/** Both gradients of a sum in which no two outputs weigh the same. */
async function gradientsOn(name: string, { input, filter }: Geometry, convolve: Convolve) {
  await core.setBackend(name);
  const results = core.tidy(() => {
    const loss = (x: Tensor, w: Tensor) => {
      const y = convolve(x as Tensor4D, w as Tensor4D);
      return core.sum(core.mul(y, numbers(y.shape, 3)));
    };
    return core.grads(loss)([numbers(input, 1), numbers(filter, 2)]);
  });
  const data = results.map((each) => ({ shape: each.shape, data: each.dataSync() }));
  core.dispose(results);
  return data;
}

async function compare(geometry: Geometry, convolve: Convolve): Promise<void> {
  const ours = await gradientsOn('wasm', geometry, convolve);
  const expected = await gradientsOn('cpu', geometry, convolve);
  for (const [i, { shape, data }] of expected.entries()) {
    expect(ours[i]?.shape).toEqual(shape);
    for (const [k, value] of data.entries()) expect(ours[i]?.data[k]).toBeCloseTo(value, 3);
  }
}

it.skipIf(backend !== 'wasm')('gradients of convolutions are those of plain loops', async () => {
  await fc.assert(
    fc.asyncProperty(geometries(false), (geometry) =>
      compare(geometry, (x, w) => core.conv2d(x, w, geometry.strides, geometry.pad)),
    ),
    { numRuns: 150 },
  );
});

it.skipIf(backend !== 'wasm')('gradients of depthwise convolutions are those of plain loops', async () => {
  await fc.assert(
    fc.asyncProperty(geometries(true), (geometry) =>
      compare(geometry, (x, w) => core.depthwiseConv2d(x, w, geometry.strides, geometry.pad)),
    ),
    { numRuns: 150 },
  );
});

it.skipIf(backend !== 'wasm')('products of transposed matrices are those of plain loops', async () => {
  const sizes = fc.tuple(fc.nat(6), fc.nat(6), fc.nat(6), fc.boolean(), fc.boolean(), fc.nat(2));
  await fc.assert(
    fc.asyncProperty(sizes, async ([i, j, k, transposeA, transposeB, batch]) => {
      const [n, m, inner] = [i + 1, j + 1, k + 1];
      const a = transposeA ? [inner, n] : [n, inner];
      const b = transposeB ? [m, inner] : [inner, m];
      const lead = batch === 0 ? [] : [batch];
      const product = async (name: string) => {
        await core.setBackend(name);
        return core.tidy(() =>
          core
            .matMul(numbers([...lead, ...a], 1), numbers([...lead, ...b], 2), transposeA, transposeB)
            .dataSync(),
        );
      };
      const ours = await product('wasm');
      for (const [at, value] of (await product('cpu')).entries()) expect(ours[at]).toBeCloseTo(value, 4);
    }),
    { numRuns: 60 },
  );
});

it.skipIf(backend !== 'wasm')('gradients leave no tensor behind', async () => {
  await core.setBackend('wasm');
  const geometry: Geometry = { input: [2, 8, 8, 3], filter: [3, 3, 3, 4], strides: [2, 2], pad: 'same' };
  const before = core.memory().numTensors;
  await gradientsOn('wasm', geometry, (x, w) => core.conv2d(x, w, 2, 'same'));
  await gradientsOn('wasm', geometry, (x, w) => core.depthwiseConv2d(x, w, 2, 'same'));
  expect(core.memory().numTensors).toBe(before);
});
