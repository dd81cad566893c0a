import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findCapacity, type Step } from '../../src/cli/bench/capacity.ts';
import type { BenchReport } from '../../src/cli/bench/run.ts';
import { runProgram } from '../support/program.ts';

/** A machine that holds so many cameras, and how often it was asked. */
function machineOf(capacity: number) {
  const tried: number[] = [];
  const run = async (cameras: number): Promise<Step> => {
    tried.push(cameras);
    const held = cameras <= capacity;
    const none = { sent: 0, verdicts: 0, sentPerSecond: 0, verdictsPerSecond: 0, medianMs: 0, p99Ms: 0 };
    return { cameras, held, ...none };
  };
  return { run, tried };
}

describe('the search for the most cameras', () => {
  it('never says more than a machine holds, and at most a sixteenth less', async () => {
    const capacities = fc.integer({ min: 0, max: 512 });
    await fc.assert(
      fc.asyncProperty(capacities, async (capacity) => {
        const { run, tried } = machineOf(capacity);
        const found = await findCapacity(run, 512);
        expect(found).toBeLessThanOrEqual(capacity);
        expect(capacity - found).toBeLessThanOrEqual(capacity / 16);
        expect(tried.length).toBeLessThanOrEqual(15);
      }),
    );
  });

  it('tries no more than the bound', async () => {
    const { run, tried } = machineOf(1_000);
    expect(await findCapacity(run, 100)).toBe(100);
    expect(Math.max(...tried)).toBe(100);
  });
});

describe('edgeward bench', () => {
  it('adds cameras to a real gateway and reports each step', { timeout: 90_000 }, async () => {
    const { code, stdout, stderr } = await runProgram(['bench', '--seconds', '0.5', '--max', '2', '--json']);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    const report = JSON.parse(stdout) as BenchReport;
    expect(report.model).toMatch(/^digits \d/);
    expect(report.steps[0]).toMatchObject({ cameras: 1, sent: 3 });
    expect(report.steps.some(({ verdicts }) => verdicts > 0)).toBe(true);
    const held = report.steps.filter((step) => step.held).map(({ cameras }) => cameras);
    expect(report.cameras).toBe(Math.max(0, ...held));
  });

  it('refuses a model that does not look at pictures', async () => {
    const { code, stderr } = await runProgram(['bench', '--model', 'builtin:ecg']);
    expect(code).toBe(1);
    expect(stderr).toContain('REQUEST_INVALID');
  });
});
