import { expect, it } from 'vitest';
import { Deadline } from '../../src/pipelines/deadline.ts';

const late = new Error('late');

it('tells each listener once, and none that has left', () => {
  const deadline = new Deadline();
  const told: string[] = [];
  const gone = () => told.push('gone');
  deadline.addEventListener('abort', gone);
  deadline.addEventListener('abort', () => told.push('stays'));
  deadline.removeEventListener('abort', gone);
  deadline.abort(late);
  deadline.abort(new Error('later'));
  expect(told).toEqual(['stays']);
  expect(deadline.reason).toBe(late);
  expect(() => deadline.throwIfAborted()).toThrow(late);
});

it('gives a real signal, whether it is asked for before the end or after', () => {
  const before = new Deadline();
  const { signal } = before;
  expect(signal.aborted).toBe(false);
  before.abort(late);
  const after = new Deadline();
  after.abort(late);
  for (const one of [signal, after.signal]) expect([one.aborted, one.reason]).toEqual([true, late]);
});
