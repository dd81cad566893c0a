import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Frame } from '../../src/pipelines/frame.ts';
import { type Job, Mailbox } from '../../src/pipelines/mailbox.ts';

let counter = 0;
function job(source: string): Job {
  const id = String(counter++);
  const frame: Frame = { id, source, receivedAt: 0, payload: Buffer.alloc(0), contentType: 'text/plain' };
  return { frame, settle: () => {} };
}

const latest = { maxActive: 8, maxActivePerSource: 1, maxWaiting: 1, overflow: 'oldest' } as const;

describe('a mailbox', () => {
  it('keeps the newest frame of each source when only one may wait', () => {
    const mailbox = new Mailbox(latest);
    const [first, second, third] = [job('a'), job('a'), job('a')];
    expect(mailbox.offer(first)).toBeUndefined();
    expect(mailbox.take()).toBe(first);
    expect(mailbox.offer(second)).toBeUndefined();
    expect(mailbox.offer(third)).toBe(second);
    expect(mailbox.take()).toBeUndefined();
    mailbox.done(first);
    expect(mailbox.take()).toBe(third);
  });

  it('refuses the frame that comes when every frame counts and the lane is full', () => {
    const mailbox = new Mailbox({ ...latest, maxWaiting: 2, overflow: 'newest' });
    const jobs = [job('a'), job('a'), job('a')];
    expect(jobs.map((one) => mailbox.offer(one))).toEqual([undefined, undefined, jobs[2]]);
  });

  it('refuses no frame that holds its sender back', () => {
    const mailbox = new Mailbox({ ...latest, maxWaiting: 1, overflow: 'newest' });
    const jobs = [job('a'), { ...job('a'), held: true }, job('a')];
    expect(jobs.map((one) => mailbox.offer(one))).toEqual([undefined, undefined, jobs[2]]);
  });

  it('lets sources take turns, however many frames one of them has', () => {
    const mailbox = new Mailbox({ ...latest, maxActivePerSource: 100, maxWaiting: 100 });
    for (let i = 0; i < 10; i++) mailbox.offer(job('fast'));
    mailbox.offer(job('slow'));
    const taken = [mailbox.take(), mailbox.take(), mailbox.take()].map((one) => one?.frame.source);
    expect(taken).toEqual(['fast', 'slow', 'fast']);
  });

  it('neither loses nor doubles a frame, keeps the order of each source and its bounds', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('offer' as const), source: fc.constantFrom('a', 'b', 'c') }),
      fc.record({ kind: fc.constant('take' as const) }),
      fc.record({ kind: fc.constant('done' as const), which: fc.nat() }),
    );
    const options = fc.record({
      maxActive: fc.integer({ min: 1, max: 5 }),
      maxActivePerSource: fc.integer({ min: 1, max: 3 }),
      maxWaiting: fc.integer({ min: 1, max: 4 }),
      overflow: fc.constantFrom('oldest' as const, 'newest' as const),
    });
    fc.assert(
      fc.property(options, fc.array(step, { maxLength: 200 }), (limits, steps) => {
        const mailbox = new Mailbox(limits);
        const active: Job[] = [];
        const left: Job[] = [];
        const offered: Job[] = [];
        for (const one of steps) {
          if (one.kind === 'offer') {
            const offer = job(one.source);
            offered.push(offer);
            const dropped = mailbox.offer(offer);
            if (dropped) left.push(dropped);
          } else if (one.kind === 'take') {
            const taken = mailbox.take();
            if (taken) active.push(taken);
          } else if (active.length > 0) {
            const [finished] = active.splice(one.which % active.length, 1);
            if (finished) {
              mailbox.done(finished);
              left.push(finished);
            }
          }
          expect(mailbox.active).toBe(active.length);
          expect(mailbox.active).toBeLessThanOrEqual(limits.maxActive);
          for (const source of ['a', 'b', 'c']) {
            const own = active.filter((each) => each.frame.source === source);
            expect(own.length).toBeLessThanOrEqual(limits.maxActivePerSource);
          }
          expect(mailbox.waiting + active.length + left.length).toBe(offered.length);
        }
        const order: Job[] = [];
        for (;;) {
          const next = mailbox.take();
          if (next) order.push(next);
          else if (active.length > 0) mailbox.done(active.shift() as Job);
          else break;
          if (next) active.push(next);
        }
        expect(mailbox.waiting).toBe(0);
        for (const source of ['a', 'b', 'c']) {
          const ids = order
            .filter((each) => each.frame.source === source)
            .map((each) => Number(each.frame.id));
          expect(ids).toEqual(ids.toSorted((x, y) => x - y));
        }
      }),
    );
  });
});
