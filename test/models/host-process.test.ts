import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { echoBundle, plain, scratchFolder, started } from './fixtures.ts';

const folder = await scratchFolder();
const echo = await echoBundle(join(folder, 'echo.bundle'));

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** A daemon of one model, in a process that can be killed. */
const daemon = `
  import { createLog } from ${JSON.stringify(new URL('../../dist/log.js', import.meta.url).href)};
  import { createMetrics } from ${JSON.stringify(new URL('../../dist/metrics.js', import.meta.url).href)};
  import { ModelHost } from ${JSON.stringify(new URL('../../dist/models/host.js', import.meta.url).href)};
  const config = { bundle: ${JSON.stringify(echo)}, instances: 2, threads: 1, maxBatch: 4, maxDelayMs: 0, timeoutMs: 5000, maxQueue: 10 };
  const log = await createLog({ level: 'silent', format: 'json' });
  const host = new ModelHost({ name: 'echo', config, maxPixels: 1e6, log, metrics: createMetrics() });
  await host.start(AbortSignal.timeout(20_000));
  console.log(JSON.stringify(host.processes.map(({ pid }) => pid)));
`;

describe('a model process', () => {
  it('ends with the daemon, however that ends', async () => {
    const parent = spawn(process.execPath, ['--input-type=module', '-e', daemon], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = await once(createInterface({ input: parent.stdout }), 'line');
    const pids: number[] = JSON.parse(line);
    expect(pids.map(isAlive)).toEqual([true, true]);
    parent.kill('SIGKILL');
    const deadline = performance.now() + 10_000;
    while (pids.some(isAlive) && performance.now() < deadline) await sleep(5);
    expect(pids.map(isAlive)).toEqual([false, false]);
  });

  it('leaves Ctrl-C and the end of the service to the daemon', async () => {
    const { host } = await started(echo);
    const [child] = host.processes;
    if (!child) throw new Error('No process is up');
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.kill(child.pid, signal);
    await host.infer(plain(1, 2, 3));
    expect(host.processes.map(({ pid }) => pid)).toEqual([child.pid]);
  });

  it.skipIf(!existsSync('/proc/self/environ'))('gets nothing of the secrets in the environment', async () => {
    process.env.EDGEWARD_TEST_SECRET = 'swordfish';
    const { host } = await started(echo);
    const environment = await readFile(`/proc/${host.processes[0]?.pid}/environ`, 'utf8');
    delete process.env.EDGEWARD_TEST_SECRET;
    expect(environment).not.toContain('swordfish');
    expect(environment).toContain('MALLOC_ARENA_MAX=2');
  });
});
