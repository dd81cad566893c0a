import { describe, expect, it } from 'vitest';
import { blazeface } from '../../../../src/models/child/detect/blazeface.ts';
import type { Decoding } from '../../../../src/models/child/detect/candidate.ts';
import { centernet } from '../../../../src/models/child/detect/centernet.ts';
import { fastestdet } from '../../../../src/models/child/detect/fastestdet.ts';
import { nanodet } from '../../../../src/models/child/detect/nanodet.ts';
import { ssd } from '../../../../src/models/child/detect/ssd.ts';
import { yolox } from '../../../../src/models/child/detect/yolox.ts';
import { yunet } from '../../../../src/models/child/detect/yunet.ts';
import { rowsOf } from '../../../../src/models/child/outputs.ts';

/** A batch of two pictures of 32 by 32 of which the first shows nothing: every decoding must find its own row. */
function decoding(outputs: Record<string, { dims: number[]; set: Record<number, number> }>): Decoding {
  const rows = Object.entries(outputs).map(([name, { dims, set }]) => {
    const length = dims.reduce((a, b) => a * b, 1);
    const data = new Float32Array(2 * length);
    for (const [at, value] of Object.entries(set)) data[length + Number(at)] = value;
    return [name, rowsOf({ type: 'float32', dims: [2, ...dims], data })] as const;
  });
  return { outputs: Object.fromEntries(rows), width: 32, height: 32, minScore: 0.5 };
}

function boxOf(found: readonly { left: number; top: number; right: number; bottom: number }[]) {
  return found.map(({ left, top, right, bottom }) =>
    [left, top, right, bottom].map((each) => Number((each * 32).toFixed(4))),
  );
}

const logit = (p: number) => Math.log(p / (1 - p));

describe('decoding', () => {
  it('centernet: peaks of the heatmap, with distances in pixels', () => {
    // Two classes, 8 by 8 cells of 4 pixels; class 1 at column 3, row 2, and a lesser neighbour.
    const cell = 2 * 8 + 3;
    const heat = Object.fromEntries(Array.from({ length: 128 }, (_, i) => [i, -9]));
    const input = decoding({
      h: { dims: [2, 8, 8], set: { ...heat, [64 + cell]: logit(0.9), [64 + cell + 1]: logit(0.8) } },
      s: { dims: [4, 8, 8], set: { [cell]: 2, [64 + cell]: 4, [128 + cell]: 6, [192 + cell]: 8 } },
    });
    const found = centernet({ kind: 'centernet', heatmap: 'h', sizes: 's', activation: 'sigmoid' }, input, 1);
    expect(boxOf(found)).toEqual([[10, 4, 18, 16]]);
    expect(found[0]).toMatchObject({ index: 1, score: expect.closeTo(0.9) });
  });

  it('yolox: centre and logarithm of the size in cells', () => {
    // Strides 16 and 32: cells 0 to 3 and 4. Cell 3 is column 1, row 1 of stride 16.
    const at = 3 * 7;
    const set = {
      [at]: 0.5,
      [at + 1]: 0.25,
      [at + 2]: Math.log(0.5),
      [at + 3]: 0,
      [at + 4]: 0.9,
      [at + 6]: 0.8,
    };
    const input = decoding({ o: { dims: [5, 7], set } });
    const found = yolox({ kind: 'yolox', output: 'o', strides: [16, 32] }, input, 1);
    // Centre (24, 20), size 8 by 16.
    expect(boxOf(found)).toEqual([[20, 12, 28, 28]]);
    expect(found[0]).toMatchObject({ index: 1, score: expect.closeTo(0.72) });
    expect(yolox({ kind: 'yolox', output: 'o', strides: [16, 32] }, input, 0)).toEqual([]);
  });

  it('fastestdet: the geometric mean of objectness and class', () => {
    // 4 by 4 cells; column 2, row 1: offset tanh(0), size sigmoid(0) = half.
    const cell = 6;
    const set = { [cell]: 0.9, [6 * 16 + cell]: 0.8 };
    const found = fastestdet(
      { kind: 'fastestdet', output: 'o' },
      decoding({ o: { dims: [7, 4, 4], set } }),
      1,
    );
    expect(boxOf(found)).toEqual([[8, 0, 24, 16]]);
    expect(found[0]).toMatchObject({ index: 1, score: expect.closeTo(0.9 ** 0.6 * 0.8 ** 0.4) });
  });

  it('nanodet: means of distributions', () => {
    // One class, 4 bins; stride 16, cell 1: column 1, row 0. Distances 1, 0, 1.5 (between two), 2 strides.
    const at = 17;
    const set = {
      [at]: 0.9,
      [at + 1 + 1]: 99,
      [at + 5]: 99,
      [at + 9 + 1]: 99,
      [at + 9 + 2]: 99,
      [at + 13 + 2]: 99,
    };
    const detector = { kind: 'nanodet', output: 'o', strides: [16], classes: 1, cellOffset: 0.5 } as const;
    const found = nanodet(detector, decoding({ o: { dims: [4, 17], set } }), 1);
    // From (24, 8).
    expect(boxOf(found)).toEqual([[8, 8, 48, 40]]);
  });

  it('ssd: against anchors, without the background', () => {
    const anchors = Float32Array.of(0.5, 0.5, 0.5, 0.25, 0, 0, 1, 1);
    const input = decoding({
      b: { dims: [2, 4], set: { 0: 1, 1: -1, 2: 5 * Math.log(2), 3: 0 } },
      s: { dims: [2, 3], set: { 0: 0.99, 2: 0.8 } },
    });
    const scale = { y: 10, x: 10, h: 5, w: 5 };
    const common = { kind: 'ssd', boxes: 'b', scores: 's', anchors: 'a', activation: 'none' } as const;
    const found = ssd({ ...common, classes: 2, scale }, anchors, input, 1);
    // Centre y 0.55, x 0.475; height 1, width 0.25.
    expect(boxOf(found)).toEqual([[11.2, 1.6, 19.2, 33.6]]);
    expect(found[0]).toMatchObject({ index: 1, score: expect.closeTo(0.8) });
  });

  it('blazeface: pixels around the centres of cells', () => {
    // Stride 16, two anchors a cell: anchor 5 is of cell 2, column 0, row 1, centre (8, 24).
    const low = Object.fromEntries(Array.from({ length: 8 }, (_, i) => [i, -9]));
    const at = 5 * 8;
    const input = decoding({
      s: { dims: [8, 1], set: { ...low, 5: logit(0.75) } },
      b: {
        dims: [8, 8],
        set: { [at]: 4, [at + 1]: -4, [at + 2]: 8, [at + 3]: 16, [at + 4]: 1, [at + 5]: 2 },
      },
    });
    const strides = [{ stride: 16, anchors: 2 }];
    const found = blazeface({ kind: 'blazeface', strides, boxes: ['b'], scores: ['s'] }, input, 1);
    expect(boxOf(found)).toEqual([[8, 12, 16, 28]]);
    expect(found[0]?.points?.map((each) => each * 32)).toEqual([9, 26, 8, 24]);
  });

  it('yunet: the root of class and objectness, points from the corner of the cell', () => {
    const level = { stride: 16, class: 'c', object: 'o', box: 'b', points: 'p' };
    const input = decoding({
      c: { dims: [4, 1], set: { 1: 1 } },
      o: { dims: [4, 1], set: { 1: 0.64 } },
      b: { dims: [4, 4], set: { 4: 0.5, 5: 0.5, 6: 0, 7: Math.log(0.5) } },
      p: { dims: [4, 4], set: { 4: 0.25, 5: 0.5, 6: 0, 7: 1 } },
    });
    const found = yunet({ kind: 'yunet', strides: [level] }, input, 1);
    // Cell 1 is column 1, row 0: centre (24, 8), 16 by 8.
    expect(boxOf(found)).toEqual([[16, 4, 32, 12]]);
    expect(found[0]?.score).toBeCloseTo(0.8);
    expect(found[0]?.points?.map((each) => each * 32)).toEqual([20, 8, 16, 16]);
  });
});
