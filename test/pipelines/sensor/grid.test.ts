import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Grid, type GridOptions } from '../../../src/pipelines/sensor/grid.ts';

const gridOf = (options: Partial<GridOptions> = {}) =>
  new Grid({ channels: 1, stepMs: 1000, window: 4, stride: 2, holdMs: [], latenessMs: 0, ...options });
const feed = (grid: Grid, samples: readonly (readonly [at: number, value: number, channel?: number])[]) =>
  samples.flatMap(([at, value, channel = 0]) => {
    grid.put(channel, at * 1000, value);
    return grid.close();
  });
const rows = (windows: readonly { values: readonly Float64Array[] }[]) =>
  windows.map(({ values }) => values.map((channel) => [...channel]));
const gap = Number.NaN;

describe('a grid', () => {
  it('makes windows with their stride, at once', () => {
    const grid = gridOf();
    const windows = feed(
      grid,
      Array.from({ length: 8 }, (_, i) => [i, i * 10] as const),
    );
    expect(rows(windows)).toEqual([[[0, 10, 20, 30]], [[20, 30, 40, 50]], [[40, 50, 60, 70]]]);
    expect(windows.map(({ end }) => end)).toEqual([3000, 5000, 7000]);
  });

  it('takes the mean of samples that share a step', () => {
    const samples = Array.from({ length: 20 }, (_, i) => [i / 4, i % 4] as const);
    // From half a step before to half a step after it; of the first step nothing tells that more will come.
    expect(rows(feed(gridOf(), samples))).toEqual([[[0, 1.5, 1.5, 1.5]]]);
  });

  it('leaves a gap where nothing was measured, and where the sensor said so', () => {
    expect(
      rows(
        feed(gridOf(), [
          [0, 1],
          [1, 2],
          [3.9, 5],
        ]),
      ),
    ).toEqual([[[1, 2, 2, gap]]]);
    expect(
      rows(
        feed(gridOf(), [
          [0, 1],
          [1, gap],
          [2, 3],
          [3, 4],
        ]),
      ),
    ).toEqual([[[1, gap, 3, 4]]]);
    const held = feed(gridOf({ window: 6 }), [
      [0, 1],
      [1, 2],
      [5, 6],
    ]);
    // A value stands for one more step, as that of a sensor with a little jitter, and for no more.
    expect(rows(held)).toEqual([[[1, 2, 2, gap, gap, 6]]]);
  });

  it('holds a slow channel for as long as it is told to', () => {
    const grid = gridOf({ channels: 2, holdMs: [undefined, 10_000], latenessMs: 2_000 });
    const windows = feed(grid, [
      [0, 1],
      [0, 7, 1],
      [1, 2],
      [2, 3],
      [3, 4],
    ]);
    expect(rows(windows)).toEqual([
      [
        [1, 2, 3, 4],
        [7, 7, 7, 7],
      ],
    ]);
  });

  it('waits for a channel that comes later, but not for ever', () => {
    const two = () => gridOf({ channels: 2, latenessMs: 4_000 });
    const waits = two();
    expect(
      feed(waits, [
        [0, 1],
        [1, 2],
        [2, 3],
        [3, 4],
      ]),
    ).toEqual([]);
    expect(
      rows(
        feed(waits, [
          [0, 5, 1],
          [1, 6, 1],
          [2, 7, 1],
          [3, 8, 1],
        ]),
      ),
    ).toEqual([
      [
        [1, 2, 3, 4],
        [5, 6, 7, 8],
      ],
    ]);
    const gone = feed(two(), [
      [0, 1],
      [1, 2],
      [2, 3],
      [3, 4],
      [4, 5],
      [5, 6],
      [6, 7],
      [7, 8],
    ]);
    expect(rows(gone)).toEqual([
      [
        [1, 2, 3, 4],
        [gap, gap, gap, gap],
      ],
    ]);
  });

  it('counts what comes too late and leaves it out', () => {
    const grid = gridOf();
    const windows = feed(grid, [
      [0, 1],
      [1, 2],
      [2, 3],
      [0, 99],
      [3, 4],
    ]);
    expect(rows(windows)).toEqual([[[1, 2, 3, 4]]]);
    expect(grid.late).toBe(1);
  });

  it('begins anew after a pause, and when the clock was set back', () => {
    const paused = feed(gridOf(), [
      [0, 1],
      [1, 2],
      [2, 3],
      [100, 4],
      [101, 5],
      [102, 6],
      [103, 7],
    ]);
    expect(rows(paused)).toEqual([[[4, 5, 6, 7]]]);
    const grid = gridOf();
    feed(grid, [
      [100_000, 1],
      [100_001, 2],
    ]);
    const back = feed(
      grid,
      Array.from({ length: 14 }, (_, i) => [i, i] as const),
    );
    expect(rows(back)[0]).toEqual([[9, 10, 11, 12]]);
  });

  it('joins lists of samples over the jitter of their arrival', () => {
    const grid = gridOf({ stepMs: 1, window: 200, stride: 200 });
    const starts = [0, 103, 198, 301];
    const windows = starts.flatMap((start, list) => {
      const first = grid.joined(0, start, 100, 1);
      for (let i = 0; i < 100; i++) grid.put(0, first + i, list * 100 + i);
      return grid.close();
    });
    expect(windows).toHaveLength(2);
    expect(windows.flatMap(({ values }) => [...(values[0] ?? [])])).toEqual([...Array(400).keys()]);
  });

  it('gives back what was put in, however it was cut into messages', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 1, maxLength: 400 }),
        fc.integer({ min: 1, max: 150 }),
        fc.integer({ min: 2, max: 40 }),
        fc.integer({ min: 1, max: 60 }),
        (values, size, window, stride) => {
          const grid = gridOf({ stepMs: 0.1, window, stride });
          const windows: number[][] = [];
          for (let at = 0; at < values.length; at += size) {
            for (const [i, value] of values.slice(at, at + size).entries())
              grid.put(0, 1e12 + (at + i) * 0.1, value);
            for (const {
              values: [only = []],
            } of grid.close())
              windows.push([...only]);
          }
          const expected: number[][] = [];
          for (let end = window; end <= values.length; end += stride)
            expected.push(values.slice(end - window, end));
          expect(windows).toEqual(expected);
        },
      ),
    );
  });
});
