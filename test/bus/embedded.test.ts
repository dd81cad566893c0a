import { once } from 'node:events';
import { connect as connectSocket } from 'node:net';
import { connect, connectAsync } from 'mqtt';
import { generate, parser } from 'mqtt-packet';
import { describe, expect, it, onTestFinished } from 'vitest';
import { EmbeddedBus } from '../../src/bus/embedded.ts';
import {
  busOptions,
  client,
  deferred,
  startEmbedded,
  temporaryFolder,
  topics,
  until,
  urlOf,
} from './fixtures.ts';

const frame = 'cameras/desk/frame';

/** A bus with a deferred subscription to frames, which settle when the gate opens. */
async function startGated() {
  const started = await startEmbedded();
  const gate = deferred();
  const handled: string[] = [];
  const end = await started.bus.subscribe(
    'cameras/+/frame',
    async ({ payload }) => {
      handled.push(payload.subarray(0, 20).toString());
      await gate.promise;
    },
    { qos: 1, acknowledge: 'deferred' },
  );
  return { ...started, gate, handled, end };
}

/** A client that speaks in packets, for what a well-behaved one does not do. */
async function rawClient(url: string, options: { clientId?: string; clean?: boolean } = {}) {
  const socket = connectSocket(Number(new URL(url).port), '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  const packets: { cmd: string; messageId?: number }[] = [];
  const parse = parser();
  parse.on('packet', (packet) => packets.push({ ...packet }));
  socket.on('data', (chunk: Buffer) => parse.parse(chunk));
  socket.on('error', () => {});
  await once(socket, 'connect');
  socket.write(
    generate({ cmd: 'connect', clientId: 'raw', protocolVersion: 4, clean: true, keepalive: 0, ...options }),
  );
  await until(() => packets.length === 1);
  const commands = () => packets.map(({ cmd }) => cmd).slice(1);
  const publish = (messageId: number, extra: object = {}) =>
    socket.write(
      generate({
        cmd: 'publish',
        topic: frame,
        payload: `frame ${messageId}`,
        qos: 1,
        messageId,
        dup: false,
        retain: false,
        ...extra,
      }),
    );
  return { socket, commands, publish };
}

describe('acknowledgement after the handler', () => {
  it('withholds PUBACK with many in flight on one connection, and answers a ping meanwhile', async () => {
    const { url, gate, handled } = await startGated();
    const camera = await rawClient(url);
    for (let id = 1; id <= 200; id++) camera.publish(id, { payload: Buffer.alloc(20_000) });
    camera.socket.write(generate({ cmd: 'pingreq' }));
    await until(() => handled.length === 200 && camera.commands().includes('pingresp'));
    expect(camera.commands()).toEqual(['pingresp']);
    gate.resolve();
    await until(() => camera.commands().length === 201);
  });

  it('reads no further than its bound from a sender that nothing else holds back', async () => {
    const { url, gate, handled } = await startGated();
    const camera = await rawClient(url);
    const count = 3_000;
    for (let id = 1; id <= count; id++) camera.publish(id, { qos: 0, payload: Buffer.alloc(2_000) });
    await until(() => handled.length >= 512);
    // What was read in the same chunks is taken as well; then the socket waits.
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(handled.length).toBeLessThan(512 + 300);
    gate.resolve();
    await until(() => handled.length === count);
  });

  it('withholds PUBREC as well, and takes a PUBLISH that comes again for what it is', async () => {
    const { url, gate, handled } = await startGated();
    const camera = await rawClient(url);
    camera.publish(7, { qos: 2 });
    await until(() => handled.length === 1);
    expect(camera.commands()).toEqual([]);
    gate.resolve();
    await until(() => camera.commands().length === 1);
    camera.publish(7, { qos: 2, dup: true });
    await until(() => camera.commands().length === 2);
    camera.socket.write(generate({ cmd: 'pubrel', messageId: 7, qos: 1 } as never));
    await until(() => camera.commands().length === 3);
    expect(camera.commands()).toEqual(['pubrec', 'pubrec', 'pubcomp']);
    expect(handled).toEqual(['frame 7']);
  });

  it('passes a frame on to other subscribers before it is acknowledged', async () => {
    const { url, gate } = await startGated();
    const watcher = await client(url);
    const seen: string[] = [];
    await watcher.subscribe(frame, ({ payload }) => void seen.push(payload.toString()), 1);
    const camera = await rawClient(url);
    camera.publish(1);
    await until(() => seen.length === 1);
    expect(camera.commands()).toEqual([]);
    gate.resolve();
    await until(() => camera.commands().length === 1);
  });

  it('makes senders send again what a subscription leaves unsettled when it ends', async () => {
    const { bus, url, end, handled } = await startGated();
    const camera = await connectAsync(url, { reconnectPeriod: 20, clean: false, clientId: 'camera' });
    onTestFinished(() => void camera.end(true));
    const accepted = Promise.all(['a', 'b', 'c'].map((id) => camera.publishAsync(frame, id, { qos: 1 })));
    await until(() => handled.length === 3);
    const again: string[] = [];
    await bus.subscribe('cameras/+/frame', async ({ payload }) => void again.push(payload.toString()), {
      qos: 1,
      acknowledge: 'deferred',
    });
    await end();
    await accepted;
    expect(again).toEqual(['a', 'b', 'c']);
  });

  it('acknowledges no frame that it cannot answer any more because it stops', async () => {
    const { bus, url } = await startEmbedded();
    const gate = deferred();
    let handled = 0;
    await bus.subscribe(
      frame,
      async () => {
        handled++;
        await gate.promise;
        await bus.publish('result', '', { qos: 1 });
      },
      { qos: 1, acknowledge: 'deferred' },
    );
    const camera = await rawClient(url);
    for (const id of [1, 2, 3]) camera.publish(id);
    await until(() => handled === 3);
    const closed = once(camera.socket, 'close');
    const stopped = bus.stop();
    gate.resolve();
    camera.publish(4);
    await Promise.all([stopped, closed]);
    expect(camera.commands()).toEqual([]);
    expect(handled).toBe(3);
  });

  it('says of a frame that came again that it did', async () => {
    const { bus, url } = await startEmbedded();
    const dups: boolean[] = [];
    await bus.subscribe(frame, ({ dup }) => void dups.push(dup), { acknowledge: 'deferred' });
    const camera = await rawClient(url);
    camera.publish(1);
    camera.publish(1, { dup: true });
    await until(() => camera.commands().length === 2);
    expect(dups).toEqual([false, true]);
  });
});

describe('the broker', () => {
  it('loses no message that another one overtakes on its way through the store', async () => {
    const { bus, url } = await startEmbedded({
      stateDir: await temporaryFolder(),
      embedded: { persist: true },
    });
    const watcher = await client(url);
    const seen: string[] = [];
    await watcher.subscribe('#', ({ topic }) => void seen.push(topic), 1);
    const expected: string[] = [];
    const sent: Promise<void>[] = [];
    for (let i = 0; i < 100; i++) {
      sent.push(bus.publish(`stored/${i}`, 'x', { qos: 1, retain: true }), bus.publish(`fleeting/${i}`, 'x'));
      expected.push(`stored/${i}`, `fleeting/${i}`);
    }
    await Promise.all(sent);
    await until(() => seen.length >= expected.length + 1);
    expect(seen.filter((topic) => topic !== topics.status).sort()).toEqual(expected.sort());
  });

  it('keeps retained messages and the queue of an absent client over a restart', async () => {
    const overrides = { stateDir: await temporaryFolder(), embedded: { persist: true } };
    const first = new EmbeddedBus(busOptions(overrides));
    await first.start(new AbortController().signal);
    const session = { clientId: 'visitor', clean: false };
    const visitor = await client(urlOf(first), session);
    await visitor.subscribe('kept/queue', () => {}, 1);
    await visitor.close();
    await first.publish('kept/state', 'retained', { qos: 1, retain: true });
    for (let i = 0; i < 20; i++) await first.publish('kept/queue', String(i), { qos: 1 });
    await first.stop();

    const { url } = await startEmbedded(overrides);
    const got: string[] = [];
    const again = connect(url, session);
    onTestFinished(() => void again.end(true));
    again.on('message', (_topic, payload) => got.push(payload.toString()));
    await until(() => got.length === 20);
    expect(got).toEqual(Array.from({ length: 20 }, (_, i) => String(i)));
    await again.subscribeAsync('kept/state', { qos: 1 });
    await until(() => got.length === 21);
    expect(got.at(-1)).toBe('retained');
  });

  it('refuses to share its store with another process', async () => {
    const overrides = { stateDir: await temporaryFolder(), embedded: { persist: true } };
    await startEmbedded(overrides);
    const second = new EmbeddedBus(busOptions(overrides));
    await expect(second.start(new AbortController().signal)).rejects.toMatchObject({
      code: 'STATE_UNWRITABLE',
      message: expect.stringContaining('another process'),
    });
    await second.stop();
  });

  it('says which port is taken', async () => {
    const { url } = await startEmbedded();
    const second = new EmbeddedBus(busOptions({ embedded: { port: Number(new URL(url).port) } }));
    await expect(second.start(new AbortController().signal)).rejects.toMatchObject({
      code: 'BUS_LISTEN_FAILED',
    });
    await second.stop();
  });

  it('closes a connection at the header of a packet over the limit, and no other', async () => {
    const { bus, url, options } = await startEmbedded({ maxPacketBytes: 100_000 });
    const sizes: number[] = [];
    await bus.subscribe(frame, ({ payload }) => void sizes.push(payload.length));
    const good = await client(url);
    const bad = await rawClient(url);
    const closed = once(bad.socket, 'close');
    // Its length says 200 MiB; not even the topic follows.
    bad.socket.write(Buffer.from([0x32, 0x80, 0x80, 0x80, 0x64]));
    await closed;
    await good.publish(frame, Buffer.alloc(99_000), { qos: 1 });
    expect(sizes).toEqual([99_000]);
    expect((await options.metrics.busRefused.get()).values).toMatchObject([
      { labels: { reason: 'packet-size' }, value: 1 },
    ]);
  });

  it('lets in as many clients as it may, and one that comes again in place of itself', async () => {
    const { url } = await startEmbedded({ embedded: { maxClients: 2 } });
    await client(url, { clientId: 'a' });
    const former = await client(url, { clientId: 'b' });
    const gone = new Promise<void>((resolve) => former.onClose(resolve));
    await expect(client(url, { clientId: 'c' })).rejects.toMatchObject({
      code: 'BUS_UNAVAILABLE',
      message: expect.stringContaining('Server unavailable'),
    });
    await client(url, { clientId: 'b' });
    await gone;
  });

  it('is not held up by a subscriber that does not read', async () => {
    const { bus, url, options } = await startEmbedded({ maxPacketBytes: 1024 * 1024 });
    const stuck = await rawClient(url, { clientId: 'stuck' });
    stuck.socket.write(
      generate({
        cmd: 'subscribe',
        messageId: 1,
        subscriptions: [
          { topic: 'flood', qos: 0 },
          { topic: 'sure', qos: 1 },
        ],
      }),
    );
    await until(() => stuck.commands().includes('suback'));
    stuck.socket.pause();
    const reader = await client(url);
    let read = 0;
    await reader.subscribe('flood', () => read++, 0);
    const sender = await client(url);
    const payload = Buffer.alloc(100_000);
    // Each of them long before the broker gives the stuck one up.
    for (let i = 1; i <= 300; i++) {
      await sender.publish('flood', payload);
      await until(() => read === i);
    }
    const dropped = async () => (await options.metrics.busDropped.get()).values[0]?.value ?? 0;
    expect(await dropped()).toBeGreaterThan(50);
    // What must not be dropped costs it the connection.
    const closed = once(stuck.socket, 'close');
    await bus.publish('sure', 'x', { qos: 1 });
    stuck.socket.resume();
    await closed;
  });

  it('ends while a client neither reads nor says goodbye', async () => {
    const { bus, url } = await startEmbedded();
    const mute = connectSocket(Number(new URL(url).port), '127.0.0.1');
    mute.on('error', () => {});
    await once(mute, 'connect');
    const stuck = await rawClient(url);
    stuck.socket.pause();
    await bus.stop();
    mute.destroy();
  }, 15_000);
});

describe('what the gateway itself publishes', () => {
  it('is accepted only when a handler that holds it has settled, and waits for no other', async () => {
    const { bus } = await startEmbedded();
    const [holding, other] = [deferred(), deferred()];
    await bus.subscribe('results', () => holding.promise, { acknowledge: 'deferred', holdOwn: true });
    await bus.subscribe('results', () => other.promise, { acknowledge: 'deferred' });
    let accepted = false;
    const publishing = bus.publish('results', 'x', { qos: 1 }).then(() => {
      accepted = true;
    });
    await bus.publish('elsewhere', 'x', { qos: 1 });
    expect(accepted).toBe(false);
    holding.resolve();
    await publishing;
  });

  it('holds up no stop: offline is said although a deferred handler listens to it', async () => {
    const { bus } = await startEmbedded();
    await bus.subscribe('edgeward/gw/#', async () => {}, { acknowledge: 'deferred', holdOwn: true });
    await bus.stop();
    expect(bus.connected).toBe(false);
  });
});
