import { describe, expect, it } from 'vitest';
import { Backoff } from '../../src/models/backoff.ts';

const options = { minMs: 100, maxMs: 30_000, resetMs: 60_000 };

describe('Backoff', () => {
  it('tries at once, then waits twice as long each time, up to its limit', () => {
    const backoff = new Backoff(options);
    const waits = Array.from({ length: 12 }, () => backoff.next(0, () => 0));
    expect(waits).toEqual([0, 100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000]);
  });

  it('begins again after a life that was long enough', () => {
    const backoff = new Backoff(options);
    for (let i = 0; i < 5; i++) backoff.next(59_999);
    expect(backoff.next(59_999)).toBeGreaterThan(0);
    expect(backoff.next(60_000)).toBe(0);
  });

  it('shortens each wait by chance, by a fifth at most', () => {
    const backoff = new Backoff(options);
    backoff.next(0);
    expect(backoff.next(0, () => 1)).toBe(80);
    expect(backoff.next(0, () => 0.5)).toBe(180);
  });
});
