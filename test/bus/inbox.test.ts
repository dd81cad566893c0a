import { PassThrough } from 'node:stream';
import { expect, it, onTestFinished } from 'vitest';
import { Acknowledger } from '../../src/bus/acknowledger.ts';
import { Inbox } from '../../src/bus/inbox.ts';
import { LocalSubscriptions } from '../../src/bus/local-subscriptions.ts';
import { createMetrics } from '../../src/metrics.ts';
import { silent } from '../support/silent.ts';

it('keeps so many bytes that nobody has claimed, and has the rest sent again once they are', () => {
  const subscriptions = new LocalSubscriptions();
  let asked = 0;
  const inbox = new Inbox({
    subscriptions,
    askAgain: () => asked++,
    claimMs: 60_000,
    metrics: createMetrics(),
    log: silent,
  });
  onTestFinished(() => inbox.close());
  inbox.connect(new Acknowledger({ stream: new PassThrough(), protocolVersion: 4 }));
  const payload = Buffer.alloc(64 * 1024 * 1024);
  const packet = { cmd: 'publish', topic: 'frames', payload, qos: 1, retain: false, dup: false } as const;
  for (const messageId of [1, 2, 3]) inbox.receive({ ...packet, messageId });

  let handled = 0;
  const subscription = { filter: 'frames', handler: () => void handled++, deferred: false };
  subscriptions.add(subscription);
  inbox.claim(subscription);
  expect(handled).toBe(2);
  expect(asked).toBe(1);
});
