import { existsSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { importTflite } from '../../../src/compiler/tflite/import.ts';
import { writeTflite } from '../../../src/compiler/tflite/write.ts';
import { GatewayError } from '../../../src/errors.ts';
import { bytes, integers } from './numbers.ts';

/** A net with a bit of everything that a reader follows: tables, vectors, scales, options. */
const small = writeTflite({
  tensors: [
    { shape: [1, 6, 6, 3], type: 'int8', scale: 0.02, zeroPoint: -3 },
    { shape: [4, 3, 3, 3], type: 'int8', data: bytes('int8', 108, 1), scale: [0.1, 0.2, 0.3, 0.4] },
    { shape: [4], type: 'int32', data: integers(4, 2, -100, 100), scale: [0.002, 0.004, 0.006, 0.008] },
    { shape: [1, 3, 3, 4], type: 'int8', scale: 0.5, zeroPoint: 4 },
    { shape: [2], type: 'int32', data: Int32Array.of(1, 36) },
    { shape: [1, 36], type: 'int8', scale: 0.5, zeroPoint: 4 },
    { shape: [1, 36], type: 'int8', scale: 1 / 256, zeroPoint: -128 },
  ],
  operators: [
    {
      op: 'CONV_2D',
      inputs: [0, 1, 2],
      outputs: [3],
      options: [1, [1, 'int32', 2], [2, 'int32', 2], [3, 'int8', 1], [4, 'int32', 1], [5, 'int32', 1]],
    },
    { op: 'RESHAPE', inputs: [3, 4], outputs: [5], options: [17, [0, 'int32s', [1, 36]]] },
    { op: 'SOFTMAX', inputs: [5], outputs: [6], options: [9, [0, 'float32', 1]] },
  ],
  inputs: [0],
  outputs: [6],
});

/** The code of the error that the file gives, if it gives one. Anything but an error of ours is thrown on. */
function outcome(file: Uint8Array): string {
  try {
    importTflite(file);
    return 'imported';
  } catch (error) {
    if (error instanceof GatewayError) return error.code;
    throw error;
  }
}

describe('a damaged TFLite file is refused or imported, and nothing else happens', () => {
  it('whole, it is imported', () => {
    expect(outcome(small)).toBe('imported');
  });

  it('cut anywhere', () => {
    for (let length = 0; length < small.length; length++) {
      expect(['imported', 'COMPILE_FAILED']).toContain(outcome(small.slice(0, length)));
    }
    expect(outcome(small.slice(0, small.length / 2))).toBe('COMPILE_FAILED');
    expect(outcome(new Uint8Array())).toBe('COMPILE_FAILED');
  });

  it('with each byte turned into each of the extremes', () => {
    const seen = new Set<string>();
    for (let at = 0; at < small.length; at++) {
      for (const value of [0, 0x7f, 0xff]) seen.add(outcome(small.with(at, value)));
    }
    expect([...seen].sort()).toEqual(['COMPILE_FAILED', 'imported']);
  });

  it('with any few numbers changed', () => {
    const change = fc.record({
      at: fc.nat(small.length / 4 - 1),
      value: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
    });
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 6 }), (changes) => {
        const file = new Int32Array(small.slice(0, small.length - (small.length % 4)).buffer);
        for (const { at, value } of changes) file[at] = value;
        expect(['imported', 'COMPILE_FAILED']).toContain(outcome(new Uint8Array(file.buffer)));
      }),
      { numRuns: 1500 },
    );
  });

  it('of noise', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (noise) => {
        expect(outcome(noise)).toBe('COMPILE_FAILED');
        const named = Uint8Array.from([8, 0, 0, 0, ...Buffer.from('TFL3'), ...noise]);
        expect(outcome(named)).toBe('COMPILE_FAILED');
      }),
      { numRuns: 500 },
    );
  });

  const model = new URL('../../../../shared/models/mlperf_vww_96_int8.tflite', import.meta.url);
  it.skipIf(!existsSync(model))('as large as real ones (skipped where ../shared is missing)', () => {
    const file = new Uint8Array(readFileSync(model));
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(file.length - 1), fc.nat(255)), { minLength: 1, maxLength: 40 }),
        (changes) => {
          const damaged = file.slice();
          for (const [at, value] of changes) damaged[at] = value;
          expect(['imported', 'COMPILE_FAILED']).toContain(outcome(damaged));
        },
      ),
      { numRuns: 40 },
    );
  });
});

describe('a TFLite file that asks for too much is refused', () => {
  const float = (shape: readonly number[]) => ({ shape });

  it('by sizes beyond those of any net', () => {
    const file = writeTflite({
      tensors: [float([1, 65_536, 65_536, 3]), float([1, 65_536, 65_536, 3])],
      operators: [{ op: 'RELU', inputs: [0], outputs: [1] }],
      inputs: [0],
      outputs: [1],
    });
    expect(() => importTflite(file)).toThrow(
      /Expected sizes .* for tensor 0 \(t0\) but received \[1,65536,65536,3\]/,
    );
  });

  it('by weights that thousands of operators share', () => {
    const layers = 2000;
    const weights = { shape: [64, 64], data: new Float32Array(64 * 64) };
    const values = Array.from({ length: layers + 1 }, () => float([1, 64]));
    const file = writeTflite({
      tensors: [weights, ...values],
      operators: values
        .slice(1)
        .map((_, i) => ({ op: 'FULLY_CONNECTED', inputs: [i + 1, 0, -1], outputs: [i + 2] })),
      inputs: [1],
      outputs: [layers + 1],
    });
    expect(() => importTflite(file)).toThrow('constants that are read over and over');
  });

  it('by values that read themselves', () => {
    const tensors = [float([1, 4]), float([1, 4]), float([1, 4])];
    const cycle = writeTflite({
      tensors,
      operators: [
        { op: 'ADD', inputs: [0, 2], outputs: [1] },
        { op: 'RELU', inputs: [1], outputs: [2] },
      ],
      inputs: [0],
      outputs: [2],
    });
    expect(() => importTflite(cycle)).toThrow(
      'Expected tensor 2 (t2) before it is read but received nothing that gives it, for ADD that gives tensor 1 (t1)',
    );
    const twice = writeTflite({
      tensors,
      operators: [
        { op: 'RELU', inputs: [0], outputs: [1] },
        { op: 'RELU6', inputs: [0], outputs: [1] },
      ],
      inputs: [0],
      outputs: [1],
    });
    expect(() => importTflite(twice)).toThrow('tensor 1 (t1) given twice');
  });
});
