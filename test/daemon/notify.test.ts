import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pino } from 'pino';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Notifier } from '../../src/daemon/notify.ts';
import { Daemon } from '../support/daemon.ts';
import { freePort } from '../support/free-port.ts';
import { digitsYaml, temporaryFolder } from '../support/gateway.ts';
import { listenAt, notifyUnavailable } from '../support/notify-socket.ts';

const log = pino({ level: 'silent' });

function start(env: NodeJS.ProcessEnv, healthy = () => true): Notifier {
  const notifier = new Notifier({ env: { PATH: process.env.PATH, ...env }, healthy, log });
  onTestFinished(() => notifier.stop());
  return notifier;
}

it('is silent without systemd', async () => {
  const lines: string[] = [];
  const talkative = pino({ level: 'trace' }, { write: (line) => void lines.push(line) });
  const env = { PATH: process.env.PATH, WATCHDOG_USEC: '1000' };
  const notifier = new Notifier({ env, healthy: () => false, log: talkative });
  await notifier.start();
  notifier.ready();
  notifier.stopping();
  await delay(20);
  await notifier.stop();
  expect(lines).toEqual([]);
});

it('warns once where systemd-notify is missing, and goes on', async () => {
  const lines: string[] = [];
  const notifier = new Notifier({
    env: { PATH: '/nonexistent', NOTIFY_SOCKET: '/nonexistent/socket' },
    healthy: () => true,
    log: pino({ level: 'warn' }, { write: (line) => void lines.push(line) }),
  });
  notifier.ready();
  notifier.stopping();
  await notifier.stop();
  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ err: { code: 'ENOENT' } });
});

describe.skipIf(notifyUnavailable)(
  `under a notify socket (needs ${notifyUnavailable ?? 'nothing more'})`,
  () => {
    it('sends its messages in order, also to an abstract socket', async () => {
      const address = `@edgeward-test-${process.pid}`;
      const { until } = await listenAt(address);
      const notifier = start({ NOTIFY_SOCKET: address });
      notifier.ready();
      notifier.reloading();
      notifier.ready();
      notifier.stopping();
      const messages = await until(['READY=1', 'RELOADING=1', 'READY=1', 'STOPPING=1']);
      expect(messages[1]).toMatch(/^RELOADING=1 MONOTONIC_USEC=\d+ STATUS=/);
    });

    it('gives signs of life at half the time of the watchdog, as long as the gateway makes progress', async () => {
      const address = join(await temporaryFolder(), 'notify');
      const { messages, until } = await listenAt(address);
      let healthy = true;
      const notifier = start({ NOTIFY_SOCKET: address, WATCHDOG_USEC: '100000' }, () => healthy);
      await notifier.start();
      await until(['WATCHDOG=1', 'WATCHDOG=1']);
      healthy = false;
      await notifier.stop();
      await notifier.start();
      const before = messages.length;
      await delay(300);
      expect(messages.length).toBe(before);
      healthy = true;
      await until(['WATCHDOG=1'], { from: before });
    });

    it('leaves a watchdog alone that is meant for another process', async () => {
      const address = join(await temporaryFolder(), 'notify');
      const { messages, until } = await listenAt(address);
      const notifier = start({ NOTIFY_SOCKET: address, WATCHDOG_USEC: '20000', WATCHDOG_PID: '1' });
      await notifier.start();
      await delay(100);
      notifier.ready();
      await until(['READY=1']);
      expect(messages).toHaveLength(1);
    });

    it('lets systemd follow the life of the program: ready, alive, reloading, stopping', async () => {
      const folder = await temporaryFolder();
      const address = join(folder, 'notify');
      const { messages, until } = await listenAt(address);
      const configFile = join(folder, 'edgeward.yaml');
      await writeFile(configFile, digitsYaml);
      const daemon = new Daemon({
        configFile,
        httpPort: await freePort(),
        env: {
          NOTIFY_SOCKET: address,
          WATCHDOG_USEC: '400000',
          EDGEWARD_GATEWAY_STATE_DIR: join(folder, 'state'),
        },
      });
      await daemon.start();
      await until(['READY=1', 'WATCHDOG=1', 'WATCHDOG=1']);
      expect(messages[0]).toMatch(/^READY=1/);
      process.kill(daemon.pid, 'SIGHUP');
      await until(['RELOADING=1', 'READY=1', 'WATCHDOG=1']);
      expect(await daemon.kill('SIGTERM')).toBe(0);
      await until(['STOPPING=1']);
      expect(messages.filter((message) => message.startsWith('STOPPING=1'))).toHaveLength(1);
    });
  },
);
