import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readBundle } from '../../src/models/bundle.ts';
import type { Model } from '../../src/models/model.ts';
import { seeded } from '../../src/training/random.ts';
import { started } from '../models/fixtures.ts';
import { subjectOf, typesOf } from '../pipelines/sensor/support.ts';
import { temporaryFolder } from '../support/gateway.ts';
import { runProgram } from '../support/program.ts';

const random = seeded(11);
/** A machine: two channels that follow each other, at ten samples a second. */
const machine = (i: number, fault = 0) => {
  const load = 50 + 10 * Math.sin(i / 30) + random();
  return { load, temp: 20 + load / 2 + random() + fault };
};
const csv = (count: number) =>
  [
    'time,Load,Temp',
    ...Array.from({ length: count }, (_, i) => {
      const { load, temp } = machine(i);
      return `${1_700_000_000 + i / 10},${load},${temp}`;
    }),
  ].join('\n');
const channels = { load: { path: 'load' }, temp: { path: 'temp' } };

async function fitted(files: Readonly<Record<string, string>>, ...options: string[]) {
  const folder = await temporaryFolder();
  const paths = await Promise.all(
    Object.entries(files).map(async ([name, text]) => {
      await writeFile(join(folder, name), text);
      return join(folder, name);
    }),
  );
  const bundle = join(folder, 'machine.bundle');
  const run = await runProgram([
    'fit',
    'sensor',
    '--json',
    '--out',
    bundle,
    ...options,
    '--normal',
    ...paths,
  ]);
  return { bundle, run };
}

/** Feeds the pipeline and returns its alarms, each with the second of the recording. */
async function watch(net: Model, options: object, count: number, faultFrom: number, fault: number) {
  const subject = await subjectOf({ channels, alarmAfter: 2, ...options }, net);
  const seen: { at: number; type: string; explanation?: unknown }[] = [];
  for (let i = 0; i < count; i++) {
    const decision = await subject.send(machine(i, i >= faultFrom ? fault : 0), 1_800_000_000 + i / 10);
    for (const type of typesOf(decision)) {
      seen.push({ at: i / 10, type, explanation: decision.result.explanation });
    }
  }
  return seen;
}

describe('edgeward fit sensor', () => {
  it('learns a machine from a table, and the pipeline tells a fault by its channel', async () => {
    const how = ['--rate', '10', '--window', '10', '--stride', '2', '--features', 'level'];
    const { bundle, run } = await fitted({ 'normal.csv': csv(4000) }, ...how);
    expect(run.code).toBe(0);
    expect(JSON.parse(run.stdout)).toMatchObject({ windows: 196, readings: { channels: ['load', 'temp'] } });
    const { host } = await started(bundle);
    expect(await watch(host, {}, 1500, Number.POSITIVE_INFINITY, 0)).toEqual([]);
    const [alarm, ...more] = await watch(host, {}, 1500, 1000, 8);
    expect(more).toEqual([]);
    expect(alarm?.type).toBe('warning');
    expect(alarm?.at).toBeGreaterThan(100);
    expect(alarm?.at).toBeLessThan(115);
    expect(alarm?.explanation).toMatchObject({ channels: [{ name: 'temp' }, { name: 'load' }] });
  });

  it('learns to foresee, and the samples themselves', async () => {
    const how = ['--rate', '10', '--window', '3', '--stride', '1', '--features', 'raw', '--noise', '0.01'];
    const { bundle, run } = await fitted(
      { 'a.csv': csv(1500), 'b.csv': csv(1500) },
      ...how,
      '--kind',
      'forecaster',
    );
    expect(run.code).toBe(0);
    const { manifest } = await readBundle(bundle);
    expect(manifest.readings).toMatchObject({ kind: 'forecaster', window: 30, horizon: 3 });
    const { host } = await started(bundle);
    const seen = await watch(host, { alarmAfter: 1, clearAfter: 5 }, 800, 600, 15);
    expect(seen.map(({ type }) => type)[0]).toBe('warning');
    expect(seen[0]?.at).toBeGreaterThanOrEqual(60);
    expect(seen[0]?.at).toBeLessThan(62);
  });

  it('learns messages that are a window each', async () => {
    const beat = (height: number) =>
      JSON.stringify({
        beat: Array.from({ length: 40 }, (_, i) => height * Math.exp(-((i - 20) ** 2) / 8) + random() / 10),
      });
    const beats = Array.from({ length: 60 }, () => beat(1)).join('\n');
    const { bundle } = await fitted(
      { 'beats.jsonl': beats },
      '--rate',
      '100',
      '--each-message',
      '--features',
      'raw',
    );
    const { host } = await started(bundle);
    const subject = await subjectOf({ channels: { beat: { path: 'beat' } } }, host);
    const score = async (payload: string, at: number) => {
      const { result } = await subject.send(payload, at);
      return result;
    };
    expect((await score(beat(1), 1)).score).toBeLessThan(0.5);
    expect(await score(beat(-1), 2)).toMatchObject({ alarm: 'warning', reasons: ['anomaly'] });
    expect((await score('{"beat":[1,2]}', 3)).noVerdict).toMatch(/Expected 40 samples of beat/);
  });

  it('reads messages as the channels of a configuration say', async () => {
    const folder = await temporaryFolder();
    const config = join(folder, 'edgeward.yaml');
    await writeFile(
      config,
      `
sources: { pumps: { topic: 'plant/{source}' } }
pipelines:
  pumps:
    use: sensor
    options:
      time: ts
      channels:
        load: { topic: 'plant/+', path: 'v.load', scale: 2, max: 1000 }
        other: { path: other }
`,
    );
    const lines = Array.from({ length: 900 }, (_, i) => {
      const load = i % 100 === 7 ? 99_999 : machine(i).load;
      return JSON.stringify({ ts: 1.7e12 + i * 100, v: { load }, other: 1 });
    });
    const options = ['--rate', '10', '--window', '4', '--config', config, '--channels', 'load'];
    const { bundle, run } = await fitted({ 'day.jsonl': lines.join('\n') }, ...options);
    expect(run.code).toBe(0);
    const { manifest } = await readBundle(bundle);
    expect(manifest.readings?.channels).toEqual(['load']);
    // Twice 50, without those that are out of range.
    expect(manifest.readings?.mean[0]).toBeGreaterThan(95);
    expect(manifest.readings?.mean[0]).toBeLessThan(110);
  });

  it.each([
    ['too few windows', { 'a.csv': csv(100) }, ['--window', '10'], 'DATASET_INVALID'],
    ['no window', { 'a.csv': csv(100) }, [], 'REQUEST_INVALID'],
    ['an unknown feature', { 'a.csv': csv(100) }, ['--window', '1', '--features', 'mood'], 'REQUEST_INVALID'],
    ['a time that is none', { 'a.csv': 'time,a\nnoon,1\n' }, ['--window', '1'], 'DATASET_INVALID'],
    ['a file of one line', { 'a.csv': 'a' }, ['--window', '1'], 'DATASET_INVALID'],
    ['text that is no message', { 'a.jsonl': 'x\ny' }, ['--window', '1'], 'DATASET_INVALID'],
  ])('refuses %s', async (_, files, options, code) => {
    const { run } = await fitted(files as Record<string, string>, '--rate', '10', ...options);
    expect(run.code).toBe(1);
    expect(run.stderr).toContain(`(${code})`);
  });
});
