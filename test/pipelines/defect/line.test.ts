import { expect, test } from 'vitest';
import { Line } from '../../../src/pipelines/defect/line.ts';

function feed(line: Line, parts: number, everyNg: number) {
  let tally = line.tally();
  for (let i = 1; i <= parts; i++) tally = line.note(i % everyNg === 0 ? 'ng' : 'ok');
  return tally;
}

test('counts parts and what became of them', () => {
  const line = new Line({ window: 10, expectedRate: null });
  for (const verdict of ['ok', 'ng', 'unsure', 'ok'] as const) line.note(verdict);
  expect(line.tally()).toMatchObject({ parts: 4, ok: 2, ng: 1, unsure: 1, yield: 0.5, rate: 0.25 });
});

test('has the limit of a p-chart for the rate that is expected', () => {
  const line = new Line({ window: 100, expectedRate: 0.04 });
  expect(line.tally().limit).toBeCloseTo(0.04 + 3 * Math.sqrt((0.04 * 0.96) / 100));
});

test('tells no alarm while the rate stays as it was, and one when it rises', () => {
  const line = new Line({ window: 50, expectedRate: null });
  expect(feed(line, 400, 25)).toMatchObject({ rateAlarm: false, rate: 0.04 });
  expect(feed(line, 50, 4).rateAlarm).toBe(true);
  expect(feed(line, 60, 1_000).rateAlarm).toBe(false);
});

test('does not judge by a window that is not full', () => {
  const line = new Line({ window: 20, expectedRate: 0.01 });
  expect(feed(line, 19, 1).rateAlarm).toBe(false);
  expect(line.note('ng').rateAlarm).toBe(true);
});

test('begins anew after a reset', () => {
  const line = new Line({ window: 10, expectedRate: 0.01 });
  feed(line, 40, 2);
  line.reset();
  expect(line.tally()).toMatchObject({ parts: 0, ng: 0, rate: 0, yield: 1, rateAlarm: false });
});
