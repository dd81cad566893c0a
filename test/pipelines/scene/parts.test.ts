import { describe, expect, it } from 'vitest';
import type { Detection } from '../../../src/models/model.ts';
import { Motion } from '../../../src/pipelines/scene/motion.ts';
import { contains, polygon } from '../../../src/pipelines/scene/polygon.ts';
import { Tracker } from '../../../src/pipelines/scene/tracker.ts';
import { Zone } from '../../../src/pipelines/scene/zone.ts';

function at(x: number, y: number, score = 0.9, label = 'person'): Detection {
  return { label, index: 0, score, box: { x, y, width: 0.1, height: 0.3 } };
}

const options = { minScore: 0.5, confirmMs: 300, lostMs: 1_000 };

describe('Tracker', () => {
  it('keeps two who cross apart by where they were going', () => {
    const tracker = new Tracker({ ...options, confirmMs: 0 });
    // One walks to the right, one to the left; they pass each other in the middle.
    for (let step = 0; step <= 20; step++) {
      tracker.update([at(0.1 + 0.03 * step, 0.3), at(0.7 - 0.03 * step, 0.34)], step * 100);
    }
    const [first, second] = tracker.tracks.sort((a, b) => a.id - b.id);
    expect(tracker.tracks).toHaveLength(2);
    expect(first?.box.x).toBeCloseTo(0.7, 1);
    expect(second?.box.x).toBeCloseTo(0.1, 1);
  });

  it('counts nobody before the on-delay, and forgets at once what was seen only once', () => {
    const tracker = new Tracker(options);
    tracker.update([at(0.1, 0.1)], 0);
    expect(tracker.tracks[0]).toMatchObject({ confirmed: false });
    tracker.update([], 100);
    expect(tracker.tracks).toEqual([]);
    tracker.update([at(0.1, 0.1)], 200);
    tracker.update([at(0.1, 0.1)], 400);
    expect(tracker.tracks[0]).toMatchObject({ id: 2, confirmed: false });
    tracker.update([at(0.1, 0.1)], 500);
    expect(tracker.tracks[0]).toMatchObject({ id: 2, confirmed: true });
  });

  it('goes on with poor detections but never begins with one', () => {
    const tracker = new Tracker({ ...options, confirmMs: 0 });
    tracker.update([at(0.1, 0.1, 0.3)], 0);
    expect(tracker.tracks).toEqual([]);
    tracker.update([at(0.1, 0.1)], 100);
    for (let now = 200; now < 5_000; now += 200) tracker.update([at(0.1, 0.1, 0.3)], now);
    expect(tracker.tracks).toMatchObject([{ id: 1, score: 0.3 }]);
  });

  it('holds who is hidden for a moment, and ends who is gone', () => {
    const tracker = new Tracker({ ...options, confirmMs: 0 });
    tracker.update([at(0.1, 0.1)], 0);
    expect(tracker.update([], 500)).toEqual([]);
    tracker.update([at(0.12, 0.1)], 900);
    expect(tracker.tracks[0]?.id).toBe(1);
    tracker.update([], 1_000);
    expect(tracker.update([], 2_000)).toMatchObject([{ id: 1, seenAt: 900 }]);
    expect(tracker.tracks).toEqual([]);
  });

  it('does not take a dog for the person before', () => {
    const tracker = new Tracker({ ...options, confirmMs: 0 });
    tracker.update([at(0.1, 0.1)], 0);
    tracker.update([at(0.1, 0.1, 0.9, 'dog')], 100);
    expect(tracker.tracks.map(({ id, label }) => [id, label])).toEqual([
      [1, 'person'],
      [2, 'dog'],
    ]);
  });
});

describe('Motion', () => {
  const size = { width: 40, height: 30 };
  const room = (change: (x: number, y: number) => number = () => 0) => ({
    ...size,
    data: Uint8Array.from({ length: 1_200 }, (_, i) => {
      const [x, y] = [i % 40, Math.floor(i / 40)];
      return 80 + ((x * 7 + y * 13) % 40) + change(x, y);
    }),
  });
  const somebody = room((x, y) => (x >= 10 && x < 14 && y >= 10 && y < 20 ? 60 : 0));
  const make = (masks: [number, number][][] = []) => new Motion({ threshold: 12, minShare: 0.002, masks });

  it('tells a person from noise and from another exposure', () => {
    const motion = make();
    expect(motion.note(room(), 0).moves).toBe(true);
    expect(
      motion.note(
        room((x, y) => ((x + y) % 3) * 3),
        100,
      ).moves,
    ).toBe(false);
    expect(
      motion.note(
        room(() => 30),
        200,
      ).moves,
    ).toBe(false);
    expect(motion.note(somebody, 300)).toMatchObject({ moves: true, share: expect.closeTo(40 / 1_200) });
  });

  it('gets used to what stays', () => {
    const motion = make();
    motion.note(room(), 0);
    for (let now = 100; now < 30_000; now += 100) motion.note(somebody, now);
    expect(motion.note(somebody, 30_000).moves).toBe(false);
    expect(motion.note(room(), 30_100).moves).toBe(true);
  });

  it('is blind where it is masked', () => {
    const motion = make([
      [
        [0.2, 0.2],
        [0.4, 0.2],
        [0.4, 0.8],
        [0.2, 0.8],
      ],
    ]);
    motion.note(room(), 0);
    expect(motion.note(somebody, 100).moves).toBe(false);
  });
});

describe('Zone', () => {
  const track = (x: number) => ({
    id: 7,
    label: 'person',
    box: { x, y: 0.2, width: 0.1, height: 0.5 },
    score: 0.9,
    since: 0,
    seenAt: 0,
    confirmed: true,
  });
  const corners = [
    [0.5, 0.5],
    [1, 0.5],
    [1, 1],
    [0.5, 1],
  ] as const;

  it('tells who comes and goes, how long each stayed, and stays occupied for the off-delay', () => {
    const zone = new Zone({ corners, offDelayMs: 5_000 });
    expect(zone.update([track(0.1)], 0)).toEqual([]);
    expect(zone.update([track(0.6)], 1_000)).toMatchObject([{ type: 'entered', dwellS: 0 }]);
    zone.update([track(0.7)], 8_000);
    expect(zone.state(8_000)).toEqual({ occupied: true, count: 1, dwellS: 7 });
    expect(zone.update([track(0.1)], 9_000)).toMatchObject([{ type: 'left', dwellS: 8, track: { id: 7 } }]);
    expect(zone.state(9_000)).toEqual({ occupied: true, count: 0, dwellS: 0 });
    expect(zone.state(13_000).occupied).toBe(false);
  });

  it('knows inside from outside of a polygon with a notch', () => {
    const notched = [
      [0, 0],
      [1, 0],
      [1, 1],
      [0.5, 0.4],
      [0, 1],
    ] as const;
    expect(contains(notched, { x: 0.5, y: 0.2 })).toBe(true);
    expect(contains(notched, { x: 0.5, y: 0.8 })).toBe(false);
    expect(contains(notched, { x: 0.9, y: 0.8 })).toBe(true);
  });

  it('takes polygons and nothing else from a configuration', () => {
    expect(polygon.accepts(corners)).toBe(true);
    for (const wrong of [
      [],
      [
        [0, 0],
        [1, 1],
      ],
      [
        [0, 0],
        [1, 1],
        [2, 0],
      ],
      [[0, 0], [1, 1], [0]],
      'all',
    ]) {
      expect(polygon.accepts(wrong)).toBe(false);
    }
  });
});
