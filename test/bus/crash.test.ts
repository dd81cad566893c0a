import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { connect, connectAsync } from 'mqtt';
import { expect, it, onTestFinished } from 'vitest';
import { temporaryFolder } from './fixtures.ts';

const script = fileURLToPath(new URL('broker-process.ts', import.meta.url));

async function startBroker(stateDir: string, port: number): Promise<{ child: ChildProcess; port: number }> {
  const child = spawn(process.execPath, ['--import', 'tsx', script, stateDir, String(port)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [line] = await once(child.stdout, 'data');
  return { child, port: Number(line) };
}

it('answers every frame although its process is killed in the middle of them, twice', async () => {
  const stateDir = await temporaryFolder();
  const first = await startBroker(stateDir, 0);
  const url = `mqtt://127.0.0.1:${first.port}`;
  const reader = { clientId: 'reader', clean: false, reconnectPeriod: 50 };

  // Its subscription and what it missed are in the broker's store.
  const watcher = await connectAsync(url, reader);
  onTestFinished(() => void watcher.end(true));
  const results = new Set<string>();
  watcher.on('message', (_topic, payload) => results.add(payload.toString()));
  await watcher.subscribeAsync('results', { qos: 1 });

  const camera = connect(url, { clientId: 'camera', clean: false, reconnectPeriod: 50 });
  onTestFinished(() => void camera.end(true));
  const ids = Array.from({ length: 400 }, (_, i) => `frame ${i}`);
  let broker = first.child;
  let accepted = 0;
  const killAt = [100, 250];
  await Promise.all(
    ids.map(async (id) => {
      await camera.publishAsync('cameras/desk/frame', id, { qos: 1 });
      accepted++;
      if (accepted !== killAt[0]) return;
      killAt.shift();
      broker.kill('SIGKILL');
      await once(broker, 'exit');
      broker = (await startBroker(stateDir, first.port)).child;
    }),
  );
  await expect.poll(() => results.size, { timeout: 10_000 }).toBe(ids.length);
  expect(killAt).toEqual([]);
}, 60_000);
