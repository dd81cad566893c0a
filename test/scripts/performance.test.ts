import { spawnSync } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../support/gateway.ts';

const script = fileURLToPath(new URL('../../scripts/performance.ts', import.meta.url));
const machine = { cpu: 'Abacus', cores: 2, node: 'v20.0.0', packages: { sharp: '0.1.0' } };
const missed = { what: 'frames against <others>', unit: 'times', want: '>= 3', got: 2, ok: false };
const unmeasured = { ...missed, what: 'messages', got: null, why: 'mosquitto is not installed' };

async function report(measured: Readonly<Record<string, object>>) {
  const out = await temporaryFolder();
  const folder = join(out, 'performance');
  await mkdir(folder);
  for (const [name, figures] of Object.entries(measured)) {
    const file = { name, measuredOn: '2026-01-31', machine, ...figures };
    await writeFile(join(folder, `${name}.json`), JSON.stringify(file));
  }
  const { status, stderr } = spawnSync(
    process.execPath,
    ['--import', 'tsx', script, '--write', '--out', out],
    {
      encoding: 'utf8',
    },
  );
  expect(stderr).toContain('Wrote');
  expect(status).toBe(0);
  const plots = (await readdir(folder)).filter((name) => name.endsWith('.svg'));
  return { page: await readFile(join(out, 'performance.md'), 'utf8'), folder, plots };
}

describe('npm run performance', () => {
  it('shows what was missed, and what could not be measured', async () => {
    const { page } = await report({
      frames: { goals: [missed] },
      brokers: { goals: [unmeasured] },
    });
    expect(page).toContain('| frames against <others> | >= 3 times | 2 times | **missed** |');
    expect(page).toContain('not measured: mosquitto is not installed');
    expect(page).toContain('2 cores of Abacus, Node v20.0.0');
    expect(page).toContain('2 goals 0 were met');
  });

  it('draws the figures that are there, and shows each plot', async () => {
    const { page, folder, plots } = await report({
      frames: { goals: [], framesPerSecond: { 'a & b': 120, c: 60 } },
      cameras: { goals: [], cpuMsPerFrame: { 1: 2, 2: 2.5 } },
    });
    expect(plots).toEqual(['cameras.svg', 'frames-rate.svg']);
    for (const plot of plots) expect(page).toContain(`](performance/${plot})`);
    const bars = await readFile(join(folder, 'frames-rate.svg'), 'utf8');
    expect(bars).toContain('a &amp; b');
    const [long = 0, short = 0] = [...bars.matchAll(/class="c0" [^>]*width="([\d.]+)"/g)].map(([, width]) =>
      Number(width),
    );
    expect(long / short).toBeCloseTo(2, 1);
    expect(page).toContain('| a & b | 120 |');
  });

  it('leaves out the chapters that nobody has measured', async () => {
    const { page } = await report({ latency: { goals: [], rounds: [] } });
    expect(page).toContain('## Latency');
    expect(page).not.toContain('## Swapping');
  });
});
