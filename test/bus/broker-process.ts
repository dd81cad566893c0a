// A gateway's bus in a process of its own, for tests that kill it: `node --import tsx broker-process.ts STATE PORT`.
// Each frame is answered after a while by a result of QoS 1; only then its handler settles.
import { setTimeout as delay } from 'node:timers/promises';
import { pino } from 'pino';
import { EmbeddedBus } from '../../src/bus/embedded.ts';
import { createTopics } from '../../src/bus/topics.ts';
import { createMetrics } from '../../src/metrics.ts';

const [stateDir = '', port = '0'] = process.argv.slice(2);
const bus = new EmbeddedBus({
  config: {
    url: null,
    share: null,
    protocol: '3.1.1',
    clientId: null,
    username: null,
    password: null,
    tls: { ca: null, cert: null, key: null, verify: true },
    keepaliveS: 30,
    reconnect: { minMs: 20, maxMs: 200 },
    maxQueued: 1_000,
    maxPacketBytes: 1024 * 1024,
    embedded: {
      host: '127.0.0.1',
      port: Number(port),
      websocketPort: null,
      tls: { port: null, cert: null, key: null, clientCa: null },
      anonymous: false,
      maxClients: 100,
      persist: true,
      users: {},
    },
  },
  gateway: { id: 'gw', stateDir },
  topics: createTopics({ base: 'edgeward', gateway: 'gw' }),
  log: pino({ level: 'silent' }),
  metrics: createMetrics(),
});
await bus.subscribe(
  'cameras/+/frame',
  async ({ payload }) => {
    await delay(2 + Math.random() * 4);
    await bus.publish('results', payload, { qos: 1 });
  },
  { qos: 1, acknowledge: 'deferred' },
);
await bus.start(new AbortController().signal);
process.stdout.write(`${bus.addresses[0]?.port}\n`);
