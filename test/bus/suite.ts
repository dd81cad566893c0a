import { expect, it } from 'vitest';
import type { Bus, Message } from '../../src/bus/bus.ts';
import { client, deferred, topics, until } from './fixtures.ts';

export interface Setup {
  readonly bus: Bus;
  /** Where other clients of the same broker connect. */
  readonly url: string;
}

/** What every bus does, whatever broker it stands on. `start` is called once a test. */
export function behavesLikeABus(start: () => Promise<Setup>): void {
  it('delivers what clients publish, byte for byte, to each subscription that matches', async () => {
    const { bus, url } = await start();
    const frames: Message[] = [];
    const desk: Message[] = [];
    await bus.subscribe('cameras/+/frame', (message) => void frames.push(message), { qos: 1 });
    await bus.subscribe('readings/#', (message) => void desk.push(message));
    const camera = await client(url);
    const picture = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 7919) % 256));
    await camera.publish('cameras/desk/frame', picture, { qos: 1 });
    await camera.publish('cameras/desk/other', 'no', { qos: 1 });
    await camera.publish('readings', '1', { qos: 1 });
    await until(() => frames.length === 1 && desk.length === 1);
    expect(frames[0]).toMatchObject({ topic: 'cameras/desk/frame', retain: false });
    expect(frames[0]?.payload.equals(picture)).toBe(true);
    expect(desk[0]).toMatchObject({ topic: 'readings', payload: Buffer.from('1') });
  });

  it('publishes to other clients and to itself', async () => {
    const { bus, url } = await start();
    const watcher = await client(url);
    const seen: string[] = [];
    const own: string[] = [];
    await watcher.subscribe('out/#', ({ payload }) => void seen.push(payload.toString()), 1);
    await bus.subscribe('out/+', ({ payload }) => void own.push(payload.toString()), { qos: 1 });
    await bus.publish('out/a', 'text', { qos: 1 });
    await bus.publish('out/a', new Uint8Array([0x68, 0x69]));
    await until(() => seen.length === 2 && own.length === 2);
    expect(seen).toEqual(['text', 'hi']);
    expect(own).toEqual(['text', 'hi']);
  });

  it('gives the retained message to a new subscription, and says so', async () => {
    const { bus, url } = await start();
    const sender = await client(url);
    await sender.publish('kept/a', 'old', { qos: 1, retain: true });
    await sender.publish('kept/a', 'new', { qos: 1, retain: true });
    const got: Message[] = [];
    await bus.subscribe('kept/+', (message) => void got.push(message), { qos: 1 });
    await until(() => got.length === 1);
    expect(got[0]).toMatchObject({ retain: true, payload: Buffer.from('new') });
    await sender.publish('kept/a', 'live', { qos: 1, retain: true });
    await until(() => got.length === 2);
    expect(got[1]).toMatchObject({ retain: false, payload: Buffer.from('live') });
  });

  it('lets other messages through while a deferred handler is stuck', async () => {
    const { bus, url } = await start();
    const gate = deferred();
    let stuck = 0;
    const others: string[] = [];
    await bus.subscribe(
      'stuck/frame',
      async () => {
        stuck++;
        await gate.promise;
      },
      { qos: 1, acknowledge: 'deferred' },
    );
    await bus.subscribe('free/frame', ({ payload }) => void others.push(payload.toString()), {
      qos: 1,
      acknowledge: 'deferred',
    });
    const sender = await client(url);
    const held = Array.from({ length: 10 }, () => sender.publish('stuck/frame', 'x', { qos: 1 }));
    await until(() => stuck === 10);
    // On the same connection and on another one; through the bus as well.
    await sender.publish('free/frame', 'same', { qos: 1 });
    await (await client(url)).publish('free/frame', 'other', { qos: 1 });
    await bus.publish('free/frame', 'own', { qos: 1 });
    await until(() => others.length === 3);
    expect(others).toEqual(['same', 'other', 'own']);
    gate.resolve();
    await Promise.all(held);
  });

  it('goes on after a handler throws or rejects', async () => {
    const { bus, url } = await start();
    let calls = 0;
    await bus.subscribe('bad', () => {
      calls++;
      throw new Error('thrown');
    });
    await bus.subscribe(
      'worse',
      async () => {
        calls++;
        throw new Error('rejected');
      },
      { qos: 1, acknowledge: 'deferred' },
    );
    const sender = await client(url);
    for (let i = 0; i < 30; i++) {
      await sender.publish('bad', '', { qos: 1 });
      await sender.publish('worse', '', { qos: 1 });
    }
    await until(() => calls === 60);
  });

  it('stops calling a handler when its subscription ends, and only that one', async () => {
    const { bus } = await start();
    const ended: string[] = [];
    const kept: string[] = [];
    const end = await bus.subscribe('x', ({ payload }) => void ended.push(payload.toString()), { qos: 1 });
    await bus.subscribe('x', ({ payload }) => void kept.push(payload.toString()), { qos: 1 });
    await bus.publish('x', '1', { qos: 1 });
    await until(() => ended.length >= 1 && kept.length >= 1);
    await end();
    await bus.publish('x', '2', { qos: 1 });
    await until(() => kept.includes('2'));
    expect(ended).not.toContain('2');
  });

  it('keeps the order of a topic', async () => {
    const { bus, url } = await start();
    const watcher = await client(url);
    const seen: number[] = [];
    await watcher.subscribe('ordered', ({ payload }) => void seen.push(Number(payload)), 1);
    const numbers = Array.from({ length: 300 }, (_, i) => i);
    await Promise.all(numbers.map((i) => bus.publish('ordered', String(i), { qos: 1, retain: i % 3 === 0 })));
    await until(() => seen.length === numbers.length);
    expect(seen).toEqual(numbers);
  });

  it('says online while it runs and offline when it has stopped', async () => {
    const { bus, url } = await start();
    const changes: boolean[] = [];
    bus.onConnection((connected) => changes.push(connected));
    const watcher = await client(url);
    const states: string[] = [];
    await watcher.subscribe(topics.status, ({ payload }) => void states.push(payload.toString()), 1);
    await until(() => states.length === 1);
    expect(bus.connected).toBe(true);
    await bus.stop();
    await bus.stop();
    await until(() => states.length === 2);
    expect(states).toEqual(['online', 'offline']);
    expect(bus.connected).toBe(false);
    expect(changes).toEqual([false]);
    await expect(bus.publish('x', 'late')).rejects.toMatchObject({ code: 'BUS_UNAVAILABLE' });
  });
}
