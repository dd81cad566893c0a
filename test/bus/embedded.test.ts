import { describe, expect, it } from 'vitest';
import { client, deferred, startEmbedded, until } from './fixtures.ts';

describe('the embedded bus', () => {
  it('acknowledges a frame after its handler, with many in flight on one connection', async () => {
    const { bus, url } = await startEmbedded();
    const gate = deferred();
    let handled = 0;
    await bus.subscribe(
      'cameras/+/frame',
      async () => {
        handled++;
        await gate.promise;
      },
      { qos: 1, acknowledge: 'deferred' },
    );
    const camera = await client(url);
    let acknowledged = 0;
    const frames = Array.from({ length: 100 }, () =>
      camera.publish('cameras/desk/frame', Buffer.alloc(50_000), { qos: 1 }).then(() => acknowledged++),
    );
    await until(() => handled === 100);
    expect(acknowledged).toBe(0);
    gate.resolve();
    await Promise.all(frames);
    expect(acknowledged).toBe(100);
  });
});
