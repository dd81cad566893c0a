import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findCapacity, type Step } from '../../src/cli/bench/capacity.ts';
import { drawnPictures } from '../../src/cli/bench/pictures.ts';
import type { BenchReport } from '../../src/cli/bench/run.ts';
import { openCameras } from '../../src/cli/bench/step.ts';
import { modelSubject } from '../../src/cli/bench/subject.ts';
import { builtins } from '../../src/models/builtin.ts';
import { collect, readDigits, startGateway } from '../support/gateway.ts';
import { runProgram } from '../support/program.ts';
import { scratch } from '../training/mnist-files.ts';

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

/** The gateway of a benchmark, on free ports. */
async function quiet(model: string): Promise<object> {
  const { config } = await modelSubject(model);
  return { ...config, bus: { embedded: { port: 0, persist: false } }, http: { enabled: false } };
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

  it('measures a pipeline of a configuration, with pictures of a folder', { timeout: 90_000 }, async () => {
    const config = join(await scratch(), 'home.yaml');
    const models = 'models: { classifier: net }';
    await writeFile(
      config,
      `models: { net: { bundle: 'builtin:digits', instances: 1 }, other: { bundle: ./nowhere.bundle } }
sources: { doors: { topic: 'doors/{source}' } }
pipelines:
  digits: { use: classify, sources: [doors], ${models}, mailbox: every, options: { minScore: 0.9 } }
  again: { use: classify, models: { classifier: other } }
`,
    );
    const args = ['bench', '--config', config, '--seconds', '0.5', '--max', '1', '--json'];
    const pictures = ['--pictures', fileURLToPath(new URL('../../examples/digits', import.meta.url))];
    const { code, stdout, stderr } = await runProgram([...args, '--pipeline', 'digits', ...pictures]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const report = JSON.parse(stdout) as BenchReport;
    expect(report).toMatchObject({ model: 'pipeline digits of home.yaml', steps: [{ cameras: 1, sent: 3 }] });
    expect(report.pictures).toMatch(/^digits \(100 pictures, 0\.\d kB each\)$/);
    expect(report.steps[0]?.verdicts).toBeGreaterThan(0);
    const unnamed = await runProgram(args);
    expect(unnamed.stderr).toBe(
      'edgeward: Expected one of digits, again for --pipeline but received none (REQUEST_INVALID)\n',
    );
  });

  it('refuses a pipeline that takes no pictures, and a model that only an update brings', async () => {
    const config = join(await scratch(), 'plant.yaml');
    await writeFile(
      config,
      `updates: { url: 'http://127.0.0.1:1/', root: root.json }
models: { net: { bundle: null } }
sources: { plant: { topic: 'plant/{source}' } }
pipelines:
  pumps: { use: sensor, options: { channels: { rpm: {} } } }
  parts: { use: classify, models: { classifier: net } }
`,
    );
    const bench = async (name: string) => runProgram(['bench', '--config', config, '--pipeline', name]);
    const [pumps, parts] = await Promise.all([bench('pumps'), bench('parts')]);
    expect(pumps.stderr).toMatch(/^edgeward: Expected a pipeline of pictures .* \(REQUEST_INVALID\)\n$/);
    expect(parts.stderr).toMatch(/^edgeward: Expected a bundle for models\.net .* \(REQUEST_INVALID\)\n$/);
  });

  it('says why there is no verdict at all', { timeout: 90_000 }, async () => {
    const { client } = await startGateway(`${JSON.stringify(await quiet('builtin:digits'))}`);
    const cameras = await openCameras(client, {
      pictures: [Buffer.from('no picture')],
      framesPerSecond: 2,
      seconds: 0.5,
      signal: new AbortController().signal,
    });
    await expect(cameras.run(1)).rejects.toMatchObject({
      code: 'REQUEST_FAILED',
      message: expect.stringMatching(/^Expected verdicts but received errors: .*\(FRAME_INVALID\)$/),
    });
  });

  it('counts every camera, however many there are', { timeout: 90_000 }, async () => {
    const { client } = await startGateway(`${JSON.stringify(await quiet('builtin:digits'))}`);
    const results = await collect(client, 'edgeward/bench/+/bench/result');
    const [digit] = await readDigits();
    for (let i = 0; i < 300; i++)
      await client.publish(`bench/camera-${i}/frame`, digit?.png ?? '', { qos: 1 });
    await results.until(300);
    expect(new Set(results.json().map(({ frame }) => frame.source)).size).toBe(300);
  });

  it.skipIf(!builtins().includes('centernet'))('lets a detector look at every frame', async () => {
    const { client } = await startGateway(`${JSON.stringify(await quiet('builtin:centernet'))}`);
    const results = await collect(client, 'edgeward/bench/door/bench/result');
    const [picture = new Uint8Array()] = (await drawnPictures({ width: 64, height: 64 })).all;
    for (let i = 1; i <= 3; i++) {
      await client.publish('bench/door/frame', picture, { qos: 1 });
      await results.until(i);
    }
    expect(results.json().map(({ result }) => result.looked)).toEqual([true, true, true]);
  });

  it('refuses a model that does not look at pictures', async () => {
    const { code, stderr } = await runProgram(['bench', '--model', 'builtin:ecg']);
    expect(code).toBe(1);
    expect(stderr).toContain('REQUEST_INVALID');
  });
});
