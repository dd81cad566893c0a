import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeOutputs, rowsOf } from '../../../src/models/child/outputs.ts';

const logits = fc.float({ min: -50, max: 50, noNaN: true });

function classesOf(
  rows: readonly (readonly number[])[],
  activation: 'none' | 'softmax' | 'sigmoid',
  top?: number,
) {
  const data = Float32Array.from(rows.flat());
  const output = rowsOf({ type: 'float32', data, dims: [rows.length, rows[0]?.length ?? 0] });
  const decoding = { kind: 'classes', activation, ...(top === undefined ? {} : { top }) } as const;
  const { classes } = decodeOutputs({ y: output }, { y: decoding }, rows.length);
  if (!classes) throw new Error('no classes');
  return classes;
}

describe('decodeOutputs', () => {
  it('selects the best classes of each row, best first, the lower index first among equals', () => {
    const row = fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 12, maxLength: 12 });
    fc.assert(
      fc.property(
        fc.array(row, { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 1, max: 20 }),
        (rows, wanted) => {
          const { top, index, score } = classesOf(rows, 'none', wanted);
          expect(top).toBe(Math.min(wanted, 12));
          for (const [i, values] of rows.entries()) {
            const sorted = values
              .map((value, at) => ({ value, at }))
              .sort((a, b) => b.value - a.value || a.at - b.at);
            expect([...index.subarray(i * top, (i + 1) * top)]).toEqual(
              sorted.slice(0, top).map(({ at }) => at),
            );
            expect([...score.subarray(i * top, (i + 1) * top)]).toEqual(
              sorted.slice(0, top).map(({ value }) => value),
            );
          }
        },
      ),
    );
  });

  it('makes probabilities of logits by softmax, also of very large ones', () => {
    fc.assert(
      fc.property(fc.array(logits, { minLength: 2, maxLength: 30 }), (row) => {
        const { score } = classesOf([row], 'softmax', row.length);
        expect(score.reduce((a, b) => a + b)).toBeCloseTo(1, 4);
      }),
    );
    expect([...classesOf([[1000, 999, -1000]], 'softmax').score].map((value) => value.toFixed(3))).toEqual([
      '0.731',
      '0.269',
      '0.000',
    ]);
  });

  it('makes probabilities of logits by sigmoid', () => {
    expect([...classesOf([[0, 2, -2]], 'sigmoid').score].map((value) => value.toFixed(3))).toEqual([
      '0.881',
      '0.500',
      '0.119',
    ]);
  });

  it('gives five classes where the manifest does not say how many', () => {
    expect(classesOf([[0, 1, 2, 3, 4, 5, 6]], 'none')).toMatchObject({ top: 5 });
  });

  it('gives tensors as real numbers with their shape, whatever the type of the net', () => {
    const bytes = rowsOf({ type: 'uint8', data: Uint8Array.of(1, 2, 3, 4, 5, 255), dims: [3, 2, 1] });
    const { tensors, classes } = decodeOutputs({ y: bytes }, { y: { kind: 'tensor' } }, 3);
    expect(classes).toBeUndefined();
    expect(tensors).toEqual({ y: { data: Float32Array.of(1, 2, 3, 4, 5, 255), shape: [3, 2, 1] } });
    const long = rowsOf({ type: 'int64', data: BigInt64Array.of(7n, -7n), dims: [2] });
    expect(long).toMatchObject({ data: Float32Array.of(7, -7), shape: [], length: 1 });
  });
});
