import { once } from 'node:events';
import { connect } from 'node:net';
import { pipeline } from 'node:stream';
import { createServer } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import type { TlsOptions as ClientTls } from '../../src/bus/connect-options.ts';
import { EmbeddedBus } from '../../src/bus/embedded.ts';
import { hashPassword } from '../../src/config/password.ts';
import { makeCertificates, writeFiles } from './certificates.ts';
import {
  busOptions,
  client,
  startEmbedded,
  startExternal,
  temporaryFolder,
  until,
  urlOf,
} from './fixtures.ts';
import { startMosquitto, withoutMosquitto } from './mosquitto.ts';

const { ca, server, camera, forged } = await makeCertificates();
const serverTls = { port: 0, cert: server.cert, key: server.key };

async function roundTrip(url: string, options: Parameters<typeof client>[1] = {}): Promise<string> {
  const one = await client(url, options);
  const got: string[] = [];
  await one.subscribe('echo', ({ payload }) => void got.push(payload.toString()), 1);
  await one.publish('echo', 'hello', { qos: 1 });
  await until(() => got.length === 1);
  return got[0] ?? '';
}

describe('the end of the embedded broker', () => {
  // The handshakes themselves may take ten seconds and more.
  it('does not wait for those who never finish a handshake', { timeout: 9_000 }, async () => {
    const { bus } = await startEmbedded({ embedded: { websocketPort: 0, tls: serverTls } });
    const ports = (['mqtts', 'ws'] as const).map((protocol) => Number(new URL(urlOf(bus, protocol)).port));
    const silent = ports.map((port) => connect(port, '127.0.0.1'));
    const begun = connect(ports[1] ?? 0, '127.0.0.1').on('error', () => {});
    begun.write('GET / HTTP/1.1\r\nHost: x\r\n');
    await Promise.all([...silent, begun].map((socket) => once(socket, 'connect')));
    await roundTrip(urlOf(bus));
    await bus.stop();
    expect(bus.addresses).toEqual([]);
  });
});

describe('TLS at the embedded broker', () => {
  it('serves those who trust its authority, from files too', async () => {
    const files = await writeFiles(await temporaryFolder(), { ca, cert: server.cert, key: server.key });
    const { bus } = await startEmbedded({
      embedded: { port: null, tls: { port: 0, cert: files.cert, key: files.key } },
    });
    const url = urlOf(bus, 'mqtts');
    expect(bus.addresses).toHaveLength(1);
    expect(await roundTrip(url, { tls: { ca: files.ca } })).toBe('hello');
    expect(await roundTrip(url, { tls: { verify: false } })).toBe('hello');
    await expect(client(url)).rejects.toMatchObject({ code: 'BUS_UNAVAILABLE' });
  });

  it('takes the common name of a client certificate for the user', async () => {
    const users = { camera: { passwordHash: null, publish: ['camera/#'], subscribe: ['camera/#'] } };
    const { bus } = await startEmbedded({ embedded: { users, tls: { ...serverTls, clientCa: ca } } });
    const url = urlOf(bus, 'mqtts');
    const one = await client(url, { tls: { ca, ...camera } });
    await one.publish('camera/frame', 'x', { qos: 1 });
    await expect(one.publish('other', 'x', { qos: 1 })).rejects.toThrow();
    await expect(client(url, { tls: { ca, ...forged } })).rejects.toThrow('Not authorized');
    await expect(client(url, { tls: { ca } })).rejects.toThrow('Not authorized');
    await expect(client(urlOf(bus))).rejects.toThrow('Not authorized');
  });

  it('lets in a user with a password where certificates are possible', async () => {
    const users = { door: { passwordHash: await hashPassword('pw'), publish: ['#'], subscribe: ['#'] } };
    const { bus } = await startEmbedded({ embedded: { users, tls: { ...serverTls, clientCa: ca } } });
    expect(await roundTrip(urlOf(bus, 'mqtts'), { tls: { ca }, username: 'door', password: 'pw' })).toBe(
      'hello',
    );
  });

  it('says what is wrong with a certificate that it cannot use', async () => {
    for (const tls of [{ cert: 'nowhere.pem' }, { cert: '-----BEGIN nonsense' }, { cert: null }]) {
      const bus = new EmbeddedBus(busOptions({ embedded: { tls: { ...serverTls, ...tls } } }));
      await expect(bus.start(new AbortController().signal)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
      await bus.stop();
    }
  });
});

describe('WebSocket at the embedded broker', () => {
  it('carries MQTT, frames larger than a WebSocket frame included', async () => {
    const { bus } = await startEmbedded({ embedded: { websocketPort: 0 } });
    const url = urlOf(bus, 'ws');
    expect(await roundTrip(url)).toBe('hello');
    const sizes: number[] = [];
    await bus.subscribe('big', ({ payload }) => void sizes.push(payload.length));
    await (await client(url)).publish('big', Buffer.alloc(2_000_000), { qos: 1 });
    expect(sizes).toEqual([2_000_000]);
  });

  it('does not take the page of a stranger for a local client', async () => {
    const { bus } = await startEmbedded({ embedded: { websocketPort: 0 } });
    const connack = async (origin: string) => {
      const socket = new WebSocket(urlOf(bus, 'ws'), 'mqtt', { origin });
      const answer = new Promise<Buffer>((resolve) =>
        socket.once('message', (data: Buffer) => resolve(data)),
      );
      // CONNECT, MQTT 3.1.1, clean, client id "x".
      socket.once('open', () =>
        socket.send(Buffer.from('100d00044d5154540402000000017 8'.replace(' ', ''), 'hex')),
      );
      const code = (await answer).at(3);
      socket.close();
      return code;
    };
    expect(await connack('https://example.org')).toBe(5);
    expect(await connack('http://localhost:8080')).toBe(0);
  });
});

describe('an external bus', () => {
  async function delivers(url: string, tls: ClientTls = {}): Promise<void> {
    const { bus } = await startExternal(url, { tls });
    expect(bus.connected).toBe(true);
    const got: string[] = [];
    await bus.subscribe('x', ({ payload }) => void got.push(payload.toString()), { qos: 1 });
    await (await client(url, { tls })).publish('x', 'hello', { qos: 1 });
    await until(() => got.length === 1);
  }

  it.skipIf(withoutMosquitto)('connects over mqtts with a client certificate, and not without', async () => {
    const files = await writeFiles(await temporaryFolder(), { ca, cert: server.cert, key: server.key });
    const { url } = await startMosquitto(
      [`cafile ${files.ca}`, `certfile ${files.cert}`, `keyfile ${files.key}`, 'require_certificate true'],
      'mqtts',
    );
    await delivers(url, { ca, ...camera });
    expect((await startExternal(url, { tls: { ca } })).bus.connected).toBe(false);
  });

  it('connects over ws', async () => {
    const { bus } = await startEmbedded({ embedded: { websocketPort: 0 } });
    await delivers(urlOf(bus, 'ws'));
  });

  it('connects over wss with a client certificate, and not without', async () => {
    const { bus } = await startEmbedded({ embedded: { websocketPort: 0 } });
    const url = await terminateTls(Number(new URL(urlOf(bus, 'ws')).port));
    await delivers(url, { ca, ...camera });
    expect((await startExternal(url, { tls: { ca } })).bus.connected).toBe(false);
    expect((await startExternal(url, { tls: camera })).bus.connected).toBe(false);
  });

  it('starts without being let in, and says that it is not connected', async () => {
    const users = { gw: { passwordHash: await hashPassword('pw'), publish: ['#'], subscribe: ['#'] } };
    const { url } = await startEmbedded({ embedded: { users } });
    expect((await startExternal(url, { username: 'gw', password: 'pw' })).bus.connected).toBe(true);
    expect((await startExternal(url, { username: 'gw', password: 'no' })).bus.connected).toBe(false);
  });
});

/** What a reverse proxy does: takes TLS with client certificates off a connection. */
async function terminateTls(port: number): Promise<string> {
  const proxy = createServer({ cert: server.cert, key: server.key, ca, requestCert: true }, (socket) => {
    const inner = connect(port, '127.0.0.1');
    pipeline(socket, inner, socket, () => {});
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  onTestFinished(() => void proxy.close());
  const address = proxy.address();
  return `wss://127.0.0.1:${typeof address === 'object' && address?.port}`;
}
