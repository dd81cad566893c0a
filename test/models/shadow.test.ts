import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ShadowConfig } from '../../src/config/types.ts';
import { Image } from '../../src/image.ts';
import type { ModelHost } from '../../src/models/host.ts';
import type { InstanceGroup } from '../../src/models/instance-group.ts';
import { runShadow } from '../../src/models/trial/shadow.ts';
import { variantOf } from '../support/bundles.ts';
import { readDigits } from '../support/gateway.ts';
import { never, scratchFolder, started, work, workBundle } from './fixtures.ts';

const folder = await scratchFolder();
const digits = await readDigits();
const same = await variantOf('builtin:digits', join(folder, 'same.bundle'), { version: '9.0.0' });
const labels = ['9', '8', '7', '6', '5', '4', '3', '2', '1', '0'];
const wrong = await variantOf('builtin:digits', join(folder, 'wrong.bundle'), { version: '9.0.1', labels });
const settings: ShadowConfig = {
  frames: 10,
  timeoutS: 20,
  cpu: 1,
  minAgreement: 0.95,
  maxDrift: 0.05,
  maxSlowdown: 50,
};

/** Shows the digits again and again while the candidate is tried. */
async function shadow(host: ModelHost, candidate: InstanceGroup, changes: Partial<ShadowConfig> = {}) {
  let going = true;
  const showing = (async () => {
    for (let i = 0; going; i = (i + 1) % digits.length) {
      await host.infer(new Image({ data: digits[i]?.png ?? Buffer.alloc(0), format: 'png' }));
    }
  })();
  const progress: number[] = [];
  try {
    return await runShadow({
      candidate,
      observe: (observer) => host.observe(observer),
      settings: { ...settings, ...changes },
      signal: never,
      onProgress: (frames) => progress.push(frames),
    });
  } finally {
    going = false;
    await showing;
    expect(progress).toEqual(progress.map((_, i) => i + 1));
  }
}

describe('a shadow run', () => {
  it('finds that a version which says the same agrees, and counts nothing of it as work done', async () => {
    const { host, metrics } = await started('builtin:digits');
    const candidate = await host.prepare(same, never);
    const report = await shadow(host, candidate);
    expect(report).toMatchObject({ frames: 10, agreement: 1, drift: 0, failures: 0 });
    const { values } = await metrics.batchSize.get();
    const runs = values.find(({ metricName }) => metricName === 'edgeward_model_batch_size_sum')?.value ?? 0;
    expect(runs).toBe(host.vitals?.failures.count);
  });

  it('refuses a version that says otherwise, in numbers', async () => {
    const { host } = await started('builtin:digits');
    const candidate = await host.prepare(wrong, never);
    const error = await shadow(host, candidate).catch((thrown) => thrown);
    expect(error).toMatchObject({ code: 'MODEL_SHADOW_MISMATCH' });
    expect(error.details.agreement).toBeLessThan(0.5);
    await candidate.destroy();
    expect(host.processes).toHaveLength(1);
  });

  it('says so when too few frames came', async () => {
    const { host } = await started('builtin:digits');
    const candidate = await host.prepare(same, never);
    await expect(shadow(host, candidate, { frames: 100_000, timeoutS: 1 })).rejects.toMatchObject({
      code: 'UPDATE_INCONCLUSIVE',
    });
  });

  it('keeps within its share of a core', async () => {
    const heavy = await workBundle(join(folder, 'work.bundle'));
    const next = await variantOf(heavy, join(folder, 'work-2.bundle'), { version: '2.0.0' });
    const { host } = await started(heavy);
    const candidate = await host.prepare(next, never);
    let calls = 0;
    const busy = (async () => {
      for (; calls < 10_000 && candidate.digest; calls++) await host.infer(work(200, 1));
    })();
    const began = performance.now();
    const late = AbortSignal.timeout(2_000);
    let tried = 0;
    const run = runShadow({
      candidate,
      observe: (observer) => host.observe(observer),
      settings: { ...settings, frames: 10_000, cpu: 0.1 },
      signal: late,
      onProgress: (frames) => {
        tried = frames;
      },
    });
    await expect(run).rejects.toMatchObject({ name: 'TimeoutError' });
    const tookMs = performance.now() - began;
    calls = 10_000;
    await busy;
    expect(tried).toBeGreaterThan(0);
    expect(candidate.vitals.runMs.mean * tried).toBeLessThan(0.2 * tookMs);
  });

  it('counts a crash of the candidate as a frame that it fails on', async () => {
    const { host } = await started('builtin:digits');
    const candidate = await host.prepare(same, never);
    const [, { pid } = { pid: 0 }] = host.processes;
    const [digit] = digits;
    if (!digit) throw new Error('no digits');
    process.kill(pid, 'SIGSTOP');
    const image = new Image({ data: digit.png, format: 'png' });
    const tried = candidate.tryInfer(image);
    process.kill(pid, 'SIGKILL');
    await expect(tried).rejects.toMatchObject({ code: 'MODEL_CRASHED' });
    expect((await host.infer(image)).model.version).not.toBe('9.0.0');
  });
});
