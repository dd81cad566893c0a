import { setTimeout as delay } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { type ProcessMemory, ProcessMetrics } from '../../src/daemon/process-metrics.ts';
import { createMetrics } from '../../src/metrics.ts';

async function start(memory: () => readonly ProcessMemory[] = () => []) {
  const metrics = createMetrics();
  const part = new ProcessMetrics({ metrics, memory: async () => memory() });
  onTestFinished(() => part.stop());
  await part.start();
  const read = async (name: 'eventLoopDelay' | 'residentMemory', label: string) => {
    const { values } = await metrics[name].get();
    return Object.fromEntries(values.map(({ labels, value }) => [String(Object(labels)[label]), value]));
  };
  return { part, read };
}

function block(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

it('shows how long the event loop was held up since the last reading', async () => {
  const { read } = await start();
  await delay(50);
  block(1_000);
  await delay(50);
  const held = await read('eventLoopDelay', 'quantile');
  expect(held['1']).toBeGreaterThan(980);
  expect(held['0.5']).toBeLessThan(held['1'] ?? 0);
  await delay(100);
  expect((await read('eventLoopDelay', 'quantile'))['1']).toBeLessThan(980);
});

it('shows the resident memory of each process, and of none that is gone', async () => {
  let processes = [
    { process: 'model:digits:0', bytes: 90e6 },
    { process: 'model:digits:1', bytes: 91e6 },
  ];
  const { read } = await start(() => processes);
  const both = await read('residentMemory', 'process');
  expect(both).toMatchObject({ 'model:digits:0': 90e6, 'model:digits:1': 91e6 });
  expect(both.daemon).toBeGreaterThan(30e6);
  processes = processes.slice(0, 1);
  expect(Object.keys(await read('residentMemory', 'process'))).toEqual(['daemon', 'model:digits:0']);
});

it('measures nothing any more once it is stopped', async () => {
  let asked = 0;
  const { part, read } = await start(() => {
    asked++;
    return [];
  });
  await read('residentMemory', 'process');
  await part.stop();
  await part.stop();
  await read('residentMemory', 'process');
  expect(asked).toBe(1);
});
