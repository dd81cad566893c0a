import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { JsonObject } from '../../src/pipelines/contract.ts';
import { StateKeeper } from '../../src/pipelines/state-keeper.ts';

const told: JsonObject[] = [];
const keeper = () => new StateKeeper((_source, body) => void told.push(body));

beforeEach(() => {
  vi.useFakeTimers({ now: 0 });
  told.length = 0;
});
afterEach(() => void vi.useRealTimers());

describe('a state keeper', () => {
  it('tells a change at once, with when it began', () => {
    const states = keeper();
    states.note('cam', { class: 'ok' });
    vi.advanceTimersByTime(5_000);
    states.note('cam', { class: 'NG' });
    expect(told).toEqual([
      { class: 'ok', since: '1970-01-01T00:00:00.000Z', updated: '1970-01-01T00:00:00.000Z' },
      { class: 'NG', since: '1970-01-01T00:00:05.000Z', updated: '1970-01-01T00:00:05.000Z' },
    ]);
  });

  it('tells of a class that flickers a few times a second, and always its last word', () => {
    const states = keeper();
    for (let i = 0; i < 1_000; i++) {
      states.note('cam', { class: i % 2 ? 'a' : 'b' });
      vi.advanceTimersByTime(1);
    }
    states.note('cam', { class: 'last' });
    vi.advanceTimersByTime(1_000);
    expect(told.length).toBeLessThanOrEqual(8);
    expect(told.at(-1)?.class).toBe('last');
  });

  it('tells a number that drifts at most once a second and keeps when it began', () => {
    const states = keeper();
    for (let i = 0; i < 30; i++) {
      states.note('cam', { class: 'ok', score: i / 100 });
      vi.advanceTimersByTime(100);
    }
    vi.advanceTimersByTime(2_000);
    expect(told.map(({ score }) => score)).toEqual([0, 0.09, 0.19, 0.29]);
    expect(new Set(told.map(({ since }) => since)).size).toBe(1);
  });

  it('does not let a change wait for a drift', () => {
    const states = keeper();
    states.note('cam', { class: 'ok', score: 0.1 });
    vi.advanceTimersByTime(100);
    states.note('cam', { class: 'ok', score: 0.2 });
    states.note('cam', { class: 'NG', score: 0.2 });
    vi.advanceTimersByTime(100);
    expect(told.at(-1)?.class).toBe('NG');
  });

  it('tells a state that stays every half minute, and no source for another', () => {
    const states = keeper();
    for (let i = 0; i < 61; i++) {
      states.note('a', { class: 'ok' });
      if (i === 0) states.note('b', { class: 'ok' });
      vi.advanceTimersByTime(1_000);
    }
    expect(told).toHaveLength(4);
  });

  it('tells on time though the clock was set back', () => {
    const states = keeper();
    states.note('cam', { class: 'ok' });
    vi.setSystemTime(-86_400_000);
    states.note('cam', { class: 'NG' });
    vi.advanceTimersByTime(200);
    expect(told.at(-1)).toMatchObject({ class: 'NG', since: '1969-12-31T00:00:00.000Z' });
  });

  it('tells what waits when it closes', () => {
    const states = keeper();
    states.note('cam', { class: 'a' });
    states.note('cam', { class: 'b' });
    states.close();
    expect(told.map((state) => state.class)).toEqual(['a', 'b']);
  });
});
