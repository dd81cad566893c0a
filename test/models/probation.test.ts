import { describe, expect, it } from 'vitest';
import type { ProbationConfig } from '../../src/config/types.ts';
import { watchProbation } from '../../src/models/trial/probation.ts';
import { type Recent, Vitals } from '../../src/models/trial/vitals.ts';

const settings: ProbationConfig = {
  seconds: 0,
  minFrames: 20,
  maxCrashes: 0,
  maxErrorRise: 0.05,
  maxSlowdown: 2,
  maxAlarmShift: 0.2,
};
const signal = new AbortController().signal;

function fill(recent: Recent, values: readonly number[]): void {
  for (const value of values) recent.add(value);
}

/** `ones` of a hundred. */
const share = (ones: number) => Array.from({ length: 100 }, (_, i) => (i < ones ? 1 : 0));

function vitals({ failures = 0, alarms = 10, runMs = 5, losses = 0 } = {}): Vitals {
  const made = new Vitals();
  fill(made.failures, share(failures));
  fill(made.alarms, share(alarms));
  fill(made.runMs, Array(100).fill(runMs));
  for (let i = 0; i < losses; i++) made.noteLost();
  return made;
}

const judged = (now: Vitals, before: Vitals | undefined = vitals()) =>
  watchProbation({ before, now, settings, signal }).then(
    () => 'passed',
    (error) => `${error.code}: ${error.message}`,
  );

describe('a probation', () => {
  it.each([
    ['does as the one before', vitals()],
    ['is a little slower, failing and alarming', vitals({ failures: 5, alarms: 29, runMs: 9 })],
    ['is much slower in a way that nobody notices', vitals({ runMs: 6.9 })],
  ])('passes a version that %s', async (_what, now) => {
    expect(await judged(now)).toBe('passed');
  });

  it.each([
    ['crashes', vitals({ losses: 1 }), 'at most 0 crashes and timeouts but received 1'],
    ['fails on inputs', vitals({ failures: 6 }), 'at most 5.0 % of inputs but received 6.0 %'],
    ['is slow', vitals({ runMs: 11 }), 'at most 2 times 5.0 ms an input but received 11.0 ms'],
    ['raises more alarms', vitals({ alarms: 31 }), 'about 10.0 % of frames but received 31.0 %'],
  ])('sends a version back that %s', async (_what, now, reason) => {
    expect(await judged(now)).toMatch(/^MODEL_PROBATION_FAILED: Expected .+ but received /);
    expect(await judged(now)).toContain(reason);
  });

  it('judges no rate by a few observations, and crashes at once', async () => {
    const few = new Vitals();
    fill(few.failures, Array(19).fill(1));
    fill(few.alarms, Array(19).fill(1));
    expect(await judged(few)).toBe('passed');
    few.noteLost();
    expect(await judged(few)).toContain('crashes');
  });

  it('knows no version before and judges by what is bad in itself', async () => {
    const none = undefined as Vitals | undefined;
    const alone = (now: Vitals) =>
      watchProbation({ before: none, now, settings, signal }).then(
        () => 'passed',
        (error) => error.code,
      );
    expect(await alone(vitals({ alarms: 100, runMs: 500 }))).toBe('passed');
    expect(await alone(vitals({ failures: 50 }))).toBe('MODEL_PROBATION_FAILED');
  });

  it('notices what happens while it watches, and ends when it is told to', async () => {
    const now = vitals();
    const watching = watchProbation({
      before: vitals(),
      now,
      settings: { ...settings, seconds: 60 },
      signal,
    });
    now.noteLost();
    await expect(watching).rejects.toMatchObject({ code: 'MODEL_PROBATION_FAILED' });
    const stop = new AbortController();
    const stopped = watchProbation({
      before: undefined,
      now: vitals(),
      settings: { ...settings, seconds: 60 },
      signal: stop.signal,
    });
    stop.abort(new Error('stopping'));
    await expect(stopped).rejects.toThrow();
  });

  it('remembers the latest of many observations', () => {
    const { alarms } = vitals({ alarms: 100 });
    fill(alarms, Array(500).fill(0));
    expect(alarms.mean).toBe(0);
    expect(alarms.count).toBe(500);
  });
});
