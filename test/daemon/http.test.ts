import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { pino } from 'pino';
import { expect, it, onTestFinished } from 'vitest';
import type { Health } from '../../src/daemon/health.ts';
import { HttpServer } from '../../src/daemon/http.ts';
import { createMetrics } from '../../src/metrics.ts';

const well: Health = {
  alive: true,
  ready: true,
  reasons: [],
  version: '1.2.3',
  uptimeS: 5,
  bus: { connected: true },
  models: {},
  pipelines: {},
  sources: {},
};
const never = new AbortController().signal;

interface Options {
  readonly port?: number;
  readonly enabled?: boolean;
  readonly token?: string | null;
  readonly health?: () => Health;
}

async function start({ port = 0, enabled = true, token = null, health = () => well }: Options = {}) {
  const metrics = createMetrics();
  const config = { enabled, host: '127.0.0.1', port, token };
  const server = new HttpServer({ config, metrics, health, log: pino({ level: 'silent' }) });
  onTestFinished(() => server.stop());
  await server.start(never);
  const get = async (path: string, method = 'GET', headers: Record<string, string> = {}) => {
    const response = await fetch(`${server.address}${path}`, { method, headers });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, json: () => JSON.parse(text) };
  };
  return { server, metrics, get };
}

it('tells the health in full while the gateway makes progress', async () => {
  const { get } = await start();
  const response = await get('/healthz');
  expect(response.status).toBe(200);
  expect(response.json()).toEqual(well);
});

it('tells nothing but the status to who does not bear the token', async () => {
  const { get } = await start({ token: 'open sesame' });
  expect((await get('/healthz')).json()).toEqual({ alive: true });
  expect((await get('/readyz')).json()).toEqual({ ready: true });
  expect((await get('/metrics')).status).toBe(401);
  expect((await get('/metrics', 'GET', { authorization: 'Bearer open' })).status).toBe(401);
  const bearer = { authorization: 'Bearer open sesame' };
  expect((await get('/metrics', 'GET', bearer)).status).toBe(200);
  expect((await get('/healthz', 'GET', bearer)).json()).toEqual(well);
});

it('fails the health check with the reasons when the gateway is stuck, and the next one as it then is', async () => {
  let health: Health = { ...well, alive: false, ready: false, reasons: ['model digits is stuck'] };
  const { get } = await start({ health: () => health });
  const stuck = await get('/healthz');
  expect(stuck.status).toBe(503);
  expect(stuck.json().reasons).toEqual(['model digits is stuck']);
  health = well;
  expect((await get('/healthz')).status).toBe(200);
});

it('is alive but not ready while the broker is away', async () => {
  const { get } = await start({ health: () => ({ ...well, ready: false, reasons: ['the broker is away'] }) });
  expect((await get('/healthz')).status).toBe(200);
  const ready = await get('/readyz');
  expect(ready.status).toBe(503);
  expect(ready.json()).toEqual({ ready: false, reasons: ['the broker is away'] });
});

it('serves the metrics in the format of Prometheus', async () => {
  const { metrics, get } = await start();
  metrics.frames.inc({ source: 'desk', pipeline: 'digits', outcome: 'ok' }, 3);
  const { headers, text } = await get('/metrics');
  expect(headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
  expect(text).toContain('edgeward_frames_total{source="desk",pipeline="digits",outcome="ok"} 3\n');
});

it('answers HEAD, refuses what would change something, and names its pages to those who are lost', async () => {
  const { get } = await start();
  expect(await get('/healthz', 'HEAD')).toMatchObject({ status: 200, text: '' });
  const post = await get('/healthz', 'POST');
  expect(post.status).toBe(405);
  expect(post.headers.get('allow')).toBe('GET, HEAD');
  const lost = await get('/etc/passwd');
  expect(lost.status).toBe(404);
  expect(lost.json().error).toBe('Expected /healthz, /readyz or /metrics but received /etc/passwd');
});

it('tells strangers nothing of an error inside', async () => {
  const { get } = await start({
    health() {
      throw new Error('the secret is 42');
    },
  });
  const response = await get('/healthz');
  expect(response.status).toBe(500);
  expect(response.text).not.toContain('42');
});

it('leaves the gateway running where its port is taken, and keeps why', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void other.close());
  await new Promise((resolve) => other.once('listening', resolve));
  const { port } = other.address() as AddressInfo;
  const { server } = await start({ port });
  expect(server.address).toBeUndefined();
  expect(server.error).toMatchObject({ code: 'HTTP_LISTEN_FAILED', disposition: 'degrade' });
  expect(server.error?.message).toContain(String(port));
});

it('does not listen when it is switched off', async () => {
  const { server } = await start({ enabled: false });
  expect(server.address).toBeUndefined();
  expect(server.error).toBeUndefined();
});

it('stops at once, open connections or not, and as often as it is told', async () => {
  const { server } = await start();
  const { port } = new URL(server.address ?? '');
  const idle = connect(Number(port), '127.0.0.1');
  onTestFinished(() => void idle.destroy());
  await new Promise((resolve) => idle.once('connect', resolve));
  const closed = new Promise((resolve) => idle.once('close', resolve));
  idle.on('error', () => {});
  await server.stop();
  await server.stop();
  await closed;
  expect(server.address).toBeUndefined();
});
