import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Qos } from '../../src/bus/bus.ts';
import { Outbox, type Outgoing } from '../../src/bus/outbox.ts';

function message(topic: string, qos: Qos = 1): Outgoing {
  return { topic, payload: Buffer.alloc(0), options: { qos } };
}

/** An outbox whose sent messages the test accepts by hand. */
function fixture(maxQueued = 5) {
  const sent: { topic: string; accept: (error?: Error) => void }[] = [];
  let dropped = 0;
  const outbox = new Outbox({
    maxQueued,
    send: ({ topic }, accept) => void sent.push({ topic, accept }),
    onDropped: () => dropped++,
  });
  const settled: string[] = [];
  const add = (topic: string, qos?: Qos) =>
    outbox.add(message(topic, qos)).then(
      () => settled.push(topic),
      (error: { code: string }) => settled.push(`${topic} ${error.code}`),
    );
  const topics = () => sent.map(({ topic }) => topic);
  return { outbox, sent, add, settled, topics, dropped: () => dropped };
}

const tick = () => new Promise((resolve) => setImmediate(resolve));

describe('the outbox', () => {
  it('waits for a connection, then keeps to the window', async () => {
    const { outbox, sent, add, topics, settled } = fixture();
    for (const topic of ['a', 'b', 'c']) void add(topic);
    expect(topics()).toEqual([]);
    outbox.open(2);
    expect(topics()).toEqual(['a', 'b']);
    sent[0]?.accept();
    await tick();
    expect(topics()).toEqual(['a', 'b', 'c']);
    expect(settled).toEqual(['a']);
  });

  it('keeps what is on its way at QoS 1 over a lost connection, and rejects what was of QoS 0', async () => {
    const { outbox, sent, add, topics, settled } = fixture();
    outbox.open(10);
    void add('sure');
    void add('fleeting', 0);
    outbox.suspend();
    void add('later');
    await tick();
    expect(settled).toEqual(['fleeting BUS_UNAVAILABLE']);
    // The connection that comes next sends "sure" again by itself.
    sent[0]?.accept();
    outbox.open(10);
    await tick();
    expect(topics()).toEqual(['sure', 'fleeting', 'later']);
    expect(settled).toContain('sure');
  });

  it('drops the oldest of QoS 0 for a new one, and turns the new one away where there is none', async () => {
    const { add, settled, dropped } = fixture(3);
    for (const [topic, qos] of [
      ['a', 1],
      ['b', 0],
      ['c', 0],
      ['d', 1],
      ['e', 1],
      ['f', 1],
    ] as const)
      void add(topic, qos);
    await tick();
    expect(settled).toEqual(['b BUS_UNAVAILABLE', 'c BUS_UNAVAILABLE', 'f BUS_UNAVAILABLE']);
    expect(dropped()).toBe(3);
  });

  it('rejects all that is left when it is cleared', async () => {
    const { outbox, add, settled } = fixture();
    outbox.open(1);
    void add('a');
    void add('b');
    outbox.clear(Object.assign(new Error('end'), { code: 'STOPPED' }));
    await tick();
    expect(settled.sort()).toEqual(['a STOPPED', 'b STOPPED']);
    expect(outbox.size).toBe(0);
  });

  it('settles every message once and never holds more than its bound, whatever happens', async () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('add' as const), qos: fc.constantFrom<Qos>(0, 1) }),
      fc.record({ kind: fc.constantFrom('open' as const, 'suspend' as const, 'accept' as const) }),
    );
    const law = fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const { outbox, sent, add, settled } = fixture();
      const all: Promise<unknown>[] = [];
      let accepted = 0;
      for (const one of steps) {
        if (one.kind === 'add') all.push(add(String(all.length), one.qos));
        else if (one.kind === 'open') outbox.open(3);
        else if (one.kind === 'suspend') outbox.suspend();
        else sent[accepted++]?.accept();
        expect(outbox.size).toBeLessThanOrEqual(5);
      }
      outbox.clear(Object.assign(new Error('end'), { code: 'STOPPED' }));
      await Promise.all(all);
      expect(new Set(settled.map((text) => text.split(' ')[0])).size).toBe(all.length);
      expect(settled).toHaveLength(all.length);
    });
    await fc.assert(law);
  });
});
