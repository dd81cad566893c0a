import { connectAsync } from 'mqtt';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Access } from '../../src/bus/access.ts';
import { hashPassword } from '../../src/config/password.ts';
import type { UserConfig } from '../../src/config/types.ts';
import {
  busOptions,
  client,
  type EmbeddedOverrides,
  startEmbedded,
  temporaryFolder,
  until,
} from './fixtures.ts';

const here = { address: '127.0.0.1', local: true };
const elsewhere = { address: '192.0.2.7', local: false };
const passwordHash = await hashPassword('right');
const camera: UserConfig = { passwordHash, publish: ['cameras/{user}/#'], subscribe: ['cameras/{user}/#'] };
const backend: UserConfig = { passwordHash: null, publish: ['#'], subscribe: ['edgeward/+/status'] };

function access(overrides: EmbeddedOverrides = {}): Access {
  return new Access(busOptions({ embedded: overrides }).config.embedded);
}

describe('who is let in', () => {
  const password = Buffer.from('right');

  it('anyone of this machine where there are no users, nobody of elsewhere', async () => {
    expect(await access().admit({ peer: here })).toMatchObject({ user: 'anonymous' });
    expect(await access().admit({ peer: here, username: 'x', password })).toMatchObject({
      user: 'anonymous',
    });
    expect(await access().admit({ peer: elsewhere })).toBeUndefined();
  });

  it('nobody without a name once there are users or certificates, unless anyone is welcome', async () => {
    expect(await access({ users: { camera } }).admit({ peer: here })).toBeUndefined();
    expect(await access({ tls: { clientCa: 'ca.pem' } }).admit({ peer: here })).toBeUndefined();
    const open = access({ users: { camera }, anonymous: true });
    expect(await open.admit({ peer: elsewhere })).toMatchObject({ user: 'anonymous' });
    expect(
      await open.admit({ peer: elsewhere, username: 'camera', password: Buffer.from('wrong') }),
    ).toBeUndefined();
  });

  it('a user, without waiting for the passwords of those who have gone', async () => {
    const doors = access({ users: { camera } });
    const order: string[] = [];
    const gone = Array.from({ length: 300 }, (_, i) =>
      doors
        .admit({ peer: elsewhere, username: 'camera', password: Buffer.from(`${i}`), waits: () => false })
        .then((rights) => order.push(rights ? 'in' : 'out')),
    );
    const right = doors.admit({ peer: elsewhere, username: 'camera', password });
    // 300 passwords would take longer than this test may.
    expect(await right).toMatchObject({ user: 'camera' });
    await Promise.all(gone);
    expect(new Set(order)).toEqual(new Set(['out']));
  });

  it('a user with the right password, again and again', async () => {
    const doors = access({ users: { camera, backend } });
    for (let i = 0; i < 3; i++) {
      expect(await doors.admit({ peer: elsewhere, username: 'camera', password })).toMatchObject({
        user: 'camera',
      });
      expect(
        await doors.admit({ peer: elsewhere, username: 'camera', password: Buffer.from('wrong') }),
      ).toBeUndefined();
    }
    expect(await doors.admit({ peer: here, username: 'nobody', password })).toBeUndefined();
    expect(await doors.admit({ peer: here, username: '__proto__', password })).toBeUndefined();
    expect(await doors.admit({ peer: here, username: 'camera' })).toBeUndefined();
    // Whoever has no password cannot come with one.
    expect(await doors.admit({ peer: here, username: 'backend', password })).toBeUndefined();
  });

  it('the holder of a certificate under its common name', async () => {
    const doors = access({ users: { backend }, tls: { clientCa: 'ca.pem' } });
    const holder = (certificateName: string) => ({ ...elsewhere, certificateName });
    expect(await doors.admit({ peer: holder('backend') })).toMatchObject({ user: 'backend' });
    expect(await doors.admit({ peer: holder('backend'), username: 'backend' })).toMatchObject({
      user: 'backend',
    });
    expect(await doors.admit({ peer: holder('backend'), username: 'camera' })).toBeUndefined();
    expect(await doors.admit({ peer: holder('stranger') })).toBeUndefined();
    const anyHolder = access({ tls: { clientCa: 'ca.pem' } });
    expect(await anyHolder.admit({ peer: holder('stranger') })).toMatchObject({ user: 'stranger' });
  });
});

describe('what a user may do', () => {
  async function rightsOf(name: string, user: UserConfig) {
    const rights = await access({ users: { [name]: user }, tls: { clientCa: 'ca.pem' } }).admit({
      peer: { ...elsewhere, certificateName: name },
    });
    if (!rights) throw new Error('not let in');
    return rights;
  }

  it('is what the filters say, with the name in place of {user}', async () => {
    const rights = await rightsOf('door', camera);
    expect(rights.mayPublish('cameras/door/frame')).toBe(true);
    expect(rights.mayPublish('cameras/gate/frame')).toBe(false);
    expect(rights.maySubscribe('cameras/door/+')).toBe(true);
    expect(rights.maySubscribe('cameras/#')).toBe(false);
    expect(rights.maySubscribe('#')).toBe(false);
    expect(rights.mayReceive('cameras/gate/frame')).toBe(false);
  });

  it('is nothing for a name that would widen a filter', async () => {
    for (const name of ['+', '#', 'a/b']) {
      const rights = await rightsOf(name, camera);
      expect(rights.mayPublish('cameras/gate/frame')).toBe(false);
      expect(rights.mayPublish('cameras/a/b')).toBe(false);
    }
  });

  it('never reaches the topics of the broker itself', async () => {
    const rights = await rightsOf('backend', { ...backend, publish: ['#', '$SYS/#'] });
    expect(rights.mayPublish('$SYS/x/heartbeat')).toBe(false);
    expect((await access().admit({ peer: here }))?.mayPublish('$SYS/x/heartbeat')).toBe(false);
  });
});

describe('the rules at the broker', () => {
  const users = { door: camera, gate: camera, guard: { ...camera, publish: [], subscribe: ['cameras/#'] } };
  const as = (username: string) => ({ username, password: 'right' });

  it('refuse a connection without credentials', async () => {
    const { url, options } = await startEmbedded({ embedded: { users } });
    await expect(client(url)).rejects.toMatchObject({ message: expect.stringContaining('Not authorized') });
    await expect(client(url, { ...as('door'), password: 'wrong' })).rejects.toMatchObject({
      message: expect.stringContaining('Bad username or password'),
    });
    expect((await options.metrics.busRefused.get()).values).toMatchObject([
      { labels: { reason: 'credentials' }, value: 2 },
    ]);
  });

  it('end the connection of a forbidden publish, which reaches nobody, and of no other client', async () => {
    const { url } = await startEmbedded({ embedded: { users } });
    const guard = await client(url, as('guard'));
    const seen: string[] = [];
    await guard.subscribe('cameras/#', ({ topic }) => void seen.push(topic), 1);
    const door = await client(url, as('door'));
    const gate = await client(url, as('gate'));
    const gone = new Promise<void>((resolve) => door.onClose(resolve));
    await expect(door.publish('cameras/gate/frame', 'forged', { qos: 1 })).rejects.toMatchObject({
      code: 'BUS_UNAVAILABLE',
    });
    await gone;
    await gate.publish('cameras/gate/frame', 'real', { qos: 1 });
    await until(() => seen.length === 1);
    expect(seen).toEqual(['cameras/gate/frame']);
  });

  it('refuse a subscription in its SUBACK, without ending the connection', async () => {
    const { url } = await startEmbedded({ embedded: { users } });
    const door = await client(url, as('door'));
    await expect(door.subscribe('cameras/#', () => {})).rejects.toMatchObject({ code: 'BUS_UNAVAILABLE' });
    await door.subscribe('cameras/door/#', () => {});
    await door.publish('cameras/door/frame', 'x', { qos: 1 });
  });

  it('refuse a will to a forbidden topic at the door', async () => {
    const { url } = await startEmbedded({ embedded: { users } });
    const will = (topic: string) => ({
      ...as('door'),
      will: { topic, payload: 'gone', qos: 1, retain: true } as const,
    });
    await expect(connectAsync(url, { ...will('cameras/gate/state'), reconnectPeriod: 0 })).rejects.toThrow(
      'Not authorized',
    );
    const door = await connectAsync(url, { ...will('cameras/door/state'), reconnectPeriod: 0 });
    const guard = await client(url, as('guard'));
    const seen: string[] = [];
    await guard.subscribe('cameras/#', ({ topic, payload }) => void seen.push(`${topic} ${payload}`), 1);
    door.stream.destroy();
    await until(() => seen.length === 1);
    expect(seen).toEqual(['cameras/door/state gone']);
  });

  it('let nobody but its user take the place of a client that is connected', async () => {
    const { url, options } = await startEmbedded({ embedded: { users } });
    const session = { clientId: 'door-camera' };
    const door = await client(url, { ...as('door'), ...session });
    await expect(client(url, { ...as('gate'), ...session })).rejects.toMatchObject({
      code: 'BUS_UNAVAILABLE',
    });
    await door.publish('cameras/door/frame', 'still here', { qos: 1 });
    const gone = new Promise<void>((resolve) => door.onClose(resolve));
    await client(url, { ...as('door'), ...session });
    await gone;
    expect((await options.metrics.busRefused.get()).values).toMatchObject([
      { labels: { reason: 'taken' }, value: 1 },
    ]);
  });

  it('hold for a session that another user takes over, and for its queue', async () => {
    const overrides = { stateDir: await temporaryFolder(), embedded: { users, persist: true } };
    const { url, bus } = await startEmbedded(overrides);
    const session = { clientId: 'shared', clean: false };
    const guard = await client(url, { ...as('guard'), ...session });
    await guard.subscribe('cameras/#', () => {}, 1);
    await guard.close();
    await bus.publish('cameras/gate/frame', 'queued', { qos: 1 });
    const thief = await connectAsync(url, { ...as('door'), ...session, reconnectPeriod: 0 });
    onTestFinished(() => void thief.end(true));
    const seen: string[] = [];
    thief.on('message', (topic) => seen.push(topic));
    await thief.subscribeAsync('cameras/door/#', { qos: 1 });
    await bus.publish('cameras/gate/frame', 'live', { qos: 1 });
    await bus.publish('cameras/door/frame', 'own', { qos: 1 });
    await until(() => seen.length === 1);
    expect(seen).toEqual(['cameras/door/frame']);
  });
});
