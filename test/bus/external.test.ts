import { describe, expect, it, onTestFinished } from 'vitest';
import { ExternalBus } from '../../src/bus/external-bus.ts';
import { freePort } from '../support/free-port.ts';
import {
  busOptions,
  client,
  connection,
  deferred,
  startExternal,
  temporaryFolder,
  topics,
  until,
} from './fixtures.ts';
import { startMosquitto, withoutMosquitto } from './mosquitto.ts';
import { answer, startProxy, startScriptedBroker } from './scripted-broker.ts';

const protocols = ['3.1.1', '5'] as const;
const frame = 'cameras/desk/frame';
const frames = { qos: 1, acknowledge: 'deferred' } as const;

describe.skipIf(withoutMosquitto)(`on mosquitto${withoutMosquitto ? `: ${withoutMosquitto}` : ''}`, () => {
  describe.each(protocols)('MQTT %s', (protocol) => {
    it('acknowledges a frame after its handler, with many in flight', async () => {
      const mosquitto = await startMosquitto();
      const { bus } = await startExternal(mosquitto.url, { protocol });
      const gate = deferred();
      let handled = 0;
      await bus.subscribe(
        frame,
        () => {
          handled++;
          return gate.promise;
        },
        frames,
      );
      const camera = await client(mosquitto.url);
      for (let i = 0; i < 60; i++) await camera.publish(frame, String(i), { qos: 1 });
      // mosquitto sends 20 ahead of their acknowledgements, unless MQTT 5 tells it otherwise.
      const window = protocol === '5' ? 60 : 20;
      await until(() => handled === window);
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(handled).toBe(window);
      gate.resolve();
      await until(() => handled === 60);
    });

    it('shares frames with the gateways of its group, and loses none when one of them is cut off', async () => {
      const mosquitto = await startMosquitto();
      const done = new Map<string, string[]>();
      const handled = () => [...done.values()].flat();
      const gate = deferred();
      const join = async (clientId: string, stateDir: string, held?: Promise<void>) => {
        const gateway = await startExternal(mosquitto.url, { protocol, clientId, stateDir });
        await gateway.bus.subscribe(
          frame,
          async ({ payload }) => {
            await held;
            done.set(clientId, [...(done.get(clientId) ?? []), payload.toString()]);
          },
          { ...frames, share: 'hall' },
        );
        return gateway.bus;
      };
      const folder = await temporaryFolder();
      await join('one', await temporaryFolder());
      const other = await join('other', folder, gate.promise);
      const camera = await client(mosquitto.url);
      for (let i = 0; i < 40; i++) await camera.publish(frame, String(i), { qos: 1 });
      await until(() => done.get('one')?.length === 20);
      // Stopped with twenty that it has not answered; they are its session's.
      const stopped = other.stop();
      gate.resolve();
      await stopped;
      done.delete('other');
      await join('other', folder);
      await until(() => new Set(handled()).size === 40);
      expect(handled()).toHaveLength(40);
    });

    it('gets again in its next process what it had not answered', async () => {
      const mosquitto = await startMosquitto();
      const stateDir = await temporaryFolder();
      const first = await startExternal(mosquitto.url, { protocol, stateDir });
      const done: string[] = [];
      const gate = deferred();
      await first.bus.subscribe(
        frame,
        async ({ payload }) => {
          const id = payload.toString();
          if (Number(id) >= 5) await gate.promise;
          await first.bus.publish('result', id, { qos: 1 });
          done.push(id);
        },
        frames,
      );
      const camera = await client(mosquitto.url);
      for (let i = 0; i < 50; i++) await camera.publish(frame, String(i), { qos: 1 });
      await until(() => done.length === 5);
      // Handlers that fail because it stops do not count as done.
      const stopped = first.bus.stop();
      gate.resolve();
      await stopped;

      // The next process connects before its subscription is there: the frames wait for it.
      const { bus } = await startExternal(mosquitto.url, { protocol, stateDir });
      await camera.publish('other', 'x', { qos: 1 });
      await bus.publish('ping', 'x', { qos: 1 });
      const again: string[] = [];
      await bus.subscribe(frame, async ({ payload }) => void again.push(payload.toString()), frames);
      await until(() => again.length === 45);
      expect(again).toEqual(Array.from({ length: 45 }, (_, i) => String(i + 5)));
    });

    it('comes back after the broker was killed: subscriptions, status, and what waited', async () => {
      const mosquitto = await startMosquitto();
      const { bus } = await startExternal(mosquitto.url, { protocol });
      const got: string[] = [];
      await bus.subscribe('in/#', ({ payload }) => void got.push(payload.toString()), { qos: 1 });
      const down = new Promise<void>((resolve) => bus.onConnection((connected) => !connected && resolve()));
      await mosquitto.stop('SIGKILL');
      await down;
      expect(bus.connected).toBe(false);
      const waiting = ['a', 'b', 'c'].map((text) => bus.publish('out', text, { qos: 1, retain: true }));
      // A subscription that is made meanwhile is asked for later.
      await bus.subscribe('late', ({ payload }) => void got.push(payload.toString()), { qos: 1 });
      await mosquitto.start();
      await connection(bus);
      await Promise.all(waiting);
      const other = await client(mosquitto.url);
      const states: string[] = [];
      await other.subscribe(topics.status, ({ payload }) => void states.push(payload.toString()), 1);
      await other.subscribe('out', ({ payload }) => void states.push(payload.toString()), 1);
      await until(() => states.length === 2);
      expect(states).toEqual(['online', 'c']);
      await until(() => {
        void other.publish('in/x', '1', { qos: 1 });
        return got.includes('1');
      });
      await other.publish('late', '2', { qos: 1 });
      await until(() => got.includes('2'));
    });

    it('leaves its will behind when its connection breaks', async () => {
      const mosquitto = await startMosquitto();
      const watcher = await client(mosquitto.url);
      const states: string[] = [];
      await watcher.subscribe(topics.status, ({ payload }) => void states.push(payload.toString()), 1);
      const proxy = await startProxy(Number(new URL(mosquitto.url).port));
      await startExternal(proxy.url, { protocol });
      await until(() => states.length === 1);
      proxy.close();
      await until(() => states.length === 2);
      expect(states).toEqual(['online', 'offline']);
    });

    it('does not begin again what is in work when the connection breaks, and acknowledges it on the next', async () => {
      const mosquitto = await startMosquitto();
      const proxy = await startProxy(Number(new URL(mosquitto.url).port));
      const { bus } = await startExternal(proxy.url, { protocol });
      const gate = deferred();
      const calls: boolean[] = [];
      await bus.subscribe(
        frame,
        ({ dup }) => {
          calls.push(dup);
          return gate.promise;
        },
        frames,
      );
      const camera = await client(mosquitto.url);
      await camera.publish(frame, 'one', { qos: 1 });
      await until(() => calls.length === 1);
      proxy.cut();
      await until(() => !bus.connected);
      await connection(bus);
      // It comes again under its old identifier while it is still in work: that work counts for both.
      await camera.publish(frame, 'two', { qos: 1 });
      await until(() => calls.length === 2);
      expect(calls).toEqual([false, false]);
      gate.resolve();
      // Behind this one the broker has read both acknowledgements.
      await bus.publish('x', '', { qos: 1 });
      proxy.cut();
      await until(() => !bus.connected);
      await connection(bus);
      await camera.publish(frame, 'three', { qos: 1 });
      await until(() => calls.length >= 3);
      expect(calls).toEqual([false, false, false]);
    });

    it('drops a packet over the limit, counts it, and is not stuck with it', async () => {
      const mosquitto = await startMosquitto();
      const { bus, options } = await startExternal(mosquitto.url, { protocol, maxPacketBytes: 100_000 });
      const sizes: number[] = [];
      await bus.subscribe(frame, async ({ payload }) => void sizes.push(payload.length), frames);
      const camera = await client(mosquitto.url);
      for (let i = 0; i < 30; i++) {
        await camera.publish(frame, Buffer.alloc(400_000), { qos: 1 });
        await camera.publish(frame, Buffer.alloc(50_000 + i), { qos: 1 });
      }
      await until(() => sizes.length === 30);
      expect(sizes).toEqual(Array.from({ length: 30 }, (_, i) => 50_000 + i));
      const { values } = await options.metrics.rejected.get();
      // MQTT 5 has told the broker, which does not even send them.
      expect(values[0]?.value ?? 0).toBe(protocol === '5' ? 0 : 30);
    });

    it('ends the subscriptions of an earlier process that nobody wants any more', async () => {
      const mosquitto = await startMosquitto();
      const stateDir = await temporaryFolder();
      const first = await startExternal(mosquitto.url, { protocol, stateDir });
      await first.bus.subscribe('old/+', () => {}, frames);
      await first.bus.subscribe('kept', () => {}, frames);
      await first.bus.stop();
      const camera = await client(mosquitto.url);
      await camera.publish('old/a', 'stale', { qos: 1 });

      const options = { ...busOptions({ url: mosquitto.url, protocol, stateDir }), claimMs: 100 };
      const bus = new ExternalBus(options);
      onTestFinished(() => bus.stop());
      const kept: string[] = [];
      await bus.subscribe('kept', ({ payload }) => void kept.push(payload.toString()), frames);
      await bus.start(new AbortController().signal);
      const unclaimed = async () => (await options.metrics.busDropped.get()).values[0]?.value ?? 0;
      await expect.poll(unclaimed).toBe(1);
      await camera.publish('old/b', 'stale', { qos: 1 });
      await camera.publish('kept', 'wanted', { qos: 1 });
      await until(() => kept.length === 1);
      // Had it still been subscribed, the one before would have been held as well.
      await new Promise((resolve) => setTimeout(resolve, 200));
      expect(await unclaimed()).toBe(1);
    });
  });

  it('carries content type and user properties on MQTT 5', async () => {
    const mosquitto = await startMosquitto();
    const { bus } = await startExternal(mosquitto.url, { protocol: '5' });
    const got: unknown[] = [];
    await bus.subscribe(
      'x',
      ({ contentType, userProperties }) => void got.push([contentType, userProperties]),
    );
    const other = await client(mosquitto.url, { protocol: '5' });
    await other.publish('x', '1', { contentType: 'image/jpeg', userProperties: { 'frame-id': 'f1' } });
    await bus.publish('x', '2', { contentType: 'text/plain' });
    await until(() => got.length === 2);
    expect(got).toEqual([
      ['image/jpeg', { 'frame-id': 'f1' }],
      ['text/plain', undefined],
    ]);
  });
});

describe('without a broker', () => {
  it('starts, keeps what it may, and sends it when there is one', async () => {
    const port = await freePort();
    const { bus, options } = await startExternal(`mqtt://127.0.0.1:${port}`, { maxQueued: 3 });
    expect(bus.connected).toBe(false);
    const fleeting = bus.publish('q0', 'oldest');
    const kept = [
      bus.publish('q1', '1', { qos: 1 }),
      bus.publish('q1', '2', { qos: 1 }),
      bus.publish('q1', '3', { qos: 1 }),
    ];
    await expect(fleeting).rejects.toMatchObject({ code: 'BUS_UNAVAILABLE' });
    await expect(bus.publish('q1', '4', { qos: 1 })).rejects.toMatchObject({ code: 'BUS_UNAVAILABLE' });
    expect((await options.metrics.busDropped.get()).values).toMatchObject([
      { labels: { reason: 'queue-full' }, value: 2 },
    ]);
    const seen: string[] = [];
    const broker = await startScriptedBroker(port, (packet, socket) => {
      if (packet.cmd === 'publish' && packet.topic === 'q1') seen.push(String(packet.payload));
      answer(packet, socket);
    });
    await Promise.all(kept);
    expect(seen).toEqual(['1', '2', '3']);
    broker.close();
  });

  it('rejects what still waits when it stops', async () => {
    const { bus } = await startExternal(`mqtt://127.0.0.1:${await freePort()}`);
    const waiting = bus.publish('x', 'y', { qos: 1 });
    const rejected = expect(waiting).rejects.toMatchObject({ code: 'BUS_UNAVAILABLE' });
    await bus.stop();
    await rejected;
  });

  it('tries again with growing waits', async () => {
    const attempts: number[] = [];
    const port = await freePort();
    const broker = await startScriptedBroker(port, (packet, socket) => {
      attempts.push(performance.now());
      if (packet.cmd === 'connect') socket.destroy();
    });
    await startExternal(`mqtt://127.0.0.1:${port}`, { reconnect: { minMs: 20, maxMs: 10_000 } });
    await until(() => attempts.length === 6);
    broker.close();
    const waits = attempts.slice(1).map((at, i) => at - (attempts[i] ?? 0));
    for (const [i, wait] of waits.entries()) expect(wait).toBeGreaterThanOrEqual(20 * 2 ** i - 5);
    expect(waits[4]).toBeGreaterThan(300);
  });
});
