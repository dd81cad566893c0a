import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { resolveBundle } from '../../src/models/builtin.ts';
import { started } from '../models/fixtures.ts';
import { subjectOf, typesOf } from '../pipelines/sensor/support.ts';

const pathOf = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const simulated = (...args: string[]) =>
  execFileSync(process.execPath, [pathOf('examples/sensors/simulate.mjs'), ...args], { encoding: 'utf8' })
    .trim()
    .split('\n');

/** An example as it is shipped: from the readings that its comment says to their events. */
async function exampleOf(
  name: string,
  stepS: number,
): Promise<(lines: readonly string[]) => Promise<string[]>> {
  const config = loadConfig({ file: pathOf(`config/${name}.yaml`), env: {} });
  const [pipeline] = Object.values(config.pipelines);
  const [model] = Object.values(config.models);
  const { host } = await started(resolveBundle(model?.bundle ?? ''));
  return async (lines) => {
    const subject = await subjectOf(pipeline?.options ?? {}, host);
    const seen: string[] = [];
    for (const [i, line] of lines.entries()) {
      seen.push(...typesOf(await subject.send(line, 1_800_000_000 + i * stepS)));
    }
    return seen;
  };
}

describe('the example', () => {
  // The bundles know the readings of seed 1.
  it.each([
    ['bearing', 120, 0.25],
    ['ecg', 120, 1.12],
    ['vitals', 600, 60],
  ])('%s is calm while nothing is wrong, and not with a fault', async (name, count, stepS) => {
    const args = ['--seed', '2', '--count', String(count)];
    const watch = await exampleOf(name, stepS);
    expect(await watch(simulated(name, ...args))).toEqual([]);
    const [first] = await watch(simulated(name, ...args, '--fault'));
    expect(first).toBe('warning');
  });

  it('vitals tells electrodes that come off from a patient who gets worse', async () => {
    const lines = simulated('vitals', '--seed', '3', '--count', '600', '--dropouts');
    const watch = await exampleOf('vitals', 60);
    const seen = await watch(lines);
    expect(seen.filter((type) => !type.startsWith('sensor_'))).toEqual([]);
    expect(seen).toContain('sensor_off hr');
    expect(seen).toContain('sensor_on hr');
    const worse = simulated('vitals', '--seed', '3', '--count', '120', '--dropouts', '--fault');
    expect(await watch(worse)).toContain('critical');
  });
});
