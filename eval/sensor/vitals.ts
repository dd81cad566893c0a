/**
 * Vital signs of a patient, a value a minute, with the dropouts of a real ward. Limits alone, no net. A dropout
 * must raise no clinical alarm, neither those that are there nor others that are put into quiet hours; and,
 * so that silence alone does not pass, a crisis that is put there must.
 */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { atLeast, atMost, type Measurement, rounded } from '../../bench/report.ts';
import { loadConfig } from '../../src/config/load.ts';
import { seeded } from '../../src/training/random.ts';
import { data } from './data.ts';
import { pipelineOf } from './pipeline.ts';

type Minute = Readonly<Record<string, number | null>>;

const minuteMs = 60_000;
const crises = [
  { channel: 'HR', value: 35 },
  { channel: 'PULSE', value: 160 },
  { channel: 'SpO2', value: 78 },
  { channel: 'RESP', value: 2 },
] as const;
const rounds = 30;

/** The channels of the example, as it is shipped. */
const example = loadConfig({
  file: fileURLToPath(new URL('../../config/vitals.yaml', import.meta.url)),
  env: {},
});
const channels = example.pipelines.vitals?.options.channels as Readonly<Record<string, { path: string }>>;

export async function vitals(say: (line: string) => void): Promise<Measurement> {
  const minutes = await read();
  const recorded = await onsets(minutes);
  const blamed = recorded.filter(({ minute, path }) => nearDropout(minutes, minute, path));
  for (const { minute, reason } of recorded) say(`recorded: minute ${minute}, ${reason}`);
  const random = seeded(7);
  const known = new Set(recorded.map(({ minute, reason }) => `${minute} ${reason}`));
  let [raised, found, wanted] = [0, 0, 0];
  for (let round = 0; round < rounds; round++) {
    const injected = minutes.map((minute) => ({ ...minute }));
    for (
      let at = 5 + Math.floor(random() * 60);
      at < minutes.length - 60;
      at += 40 + Math.floor(random() * 80)
    ) {
      dropOut(injected, at, random);
    }
    const seen = await onsets(injected);
    // An alarm that was there may come some minutes later with a dropout before it, or not at all.
    const isNew = ({ minute, reason }: Onset) =>
      !Array.from({ length: 12 }, (_, i) => `${minute - i} ${reason}`).some((text) => known.has(text));
    const others = seen.filter(isNew);
    for (const { minute, reason } of others)
      say(`injected dropout, round ${round}: minute ${minute}, ${reason}`);
    raised += others.length;
  }
  for (const { channel, value } of crises) {
    for (let at = 100; at < minutes.length - 100; at += 300) {
      if (minutes.slice(at - 10, at + 15).some((minute) => !minute[channel])) continue;
      const crisis = minutes.map((minute, i) =>
        i >= at && i < at + 10 ? { ...minute, [channel]: value } : minute,
      );
      const seen = (await onsets(crisis)).some(
        ({ minute, path }) => path === channel && minute >= at && minute < at + 10,
      );
      wanted++;
      if (seen) found++;
    }
  }
  say(`${rounds} rounds of dropouts put in: ${raised} alarms; ${found} of ${wanted} crises raised one`);
  return {
    goals: [
      atMost('vitals: clinical alarms of recorded dropouts', 'alarms', 0, blamed.length),
      atMost('vitals: clinical alarms of dropouts that were put in', 'alarms', 0, raised),
      atLeast('vitals: crises that were put in and raised an alarm', 'share', 1, found / wanted),
    ],
    figures: { recordedAlarms: recorded.length, rounds, crises: wanted, found: rounded(found) },
  };
}

interface Onset {
  readonly minute: number;
  /** As `hr critical_low`. */
  readonly reason: string;
  readonly path: string;
}

async function onsets(minutes: readonly Minute[]): Promise<Onset[]> {
  const pipeline = await pipelineOf({ channels, demonstration: true });
  const seen: Onset[] = [];
  let before: readonly string[] = [];
  for (const [minute, values] of minutes.entries()) {
    const { reasons } = await pipeline.send(values, minute * minuteMs);
    for (const reason of reasons.filter((each) => !before.includes(each))) {
      const { path = '' } = channels[reason.split(' ')[0] ?? ''] ?? {};
      seen.push({ minute, reason, path });
    }
    before = reasons;
  }
  await pipeline.close();
  return seen;
}

/** No value in this minute, or within two of it. */
function nearDropout(minutes: readonly Minute[], minute: number, path: string): boolean {
  return minutes.slice(Math.max(0, minute - 2), minute + 3).some((each) => !each[path]);
}

/** Up to half an hour without a signal, said in one of the ways that monitors have; its edges are partly of none. */
function dropOut(minutes: Record<string, number | null>[], at: number, random: () => number): void {
  const paths = ['HR', 'PULSE', 'SpO2', 'RESP'].filter(() => random() < 0.6);
  const length = 1 + Math.floor(random() ** 2 * 30);
  const way = Math.floor(random() * 3);
  for (let i = at; i < at + length; i++) {
    const minute = minutes[i];
    if (!minute) continue;
    for (const path of paths) {
      const edge = (i === at || i === at + length - 1) && length > 1 && random() < 0.7;
      if (edge) minute[path] = Number(((minute[path] ?? 0) * random()).toFixed(1));
      else if (way === 0) minute[path] = 0;
      else if (way === 1) minute[path] = null;
      else delete minute[path];
    }
  }
}

async function read(): Promise<Minute[]> {
  const text = await readFile(new URL('vitals/mimic2_s00001_3975656n_numerics.csv', data), 'utf8');
  const [header = '', ...lines] = text.trim().split('\n');
  const names = header.trim().split(',');
  return lines.map((line) => {
    const cells = line.trim().split(',');
    const pairs = names.map((name, i) => [name, cells[i] === '' ? null : Number(cells[i])] as const);
    return Object.fromEntries(pairs);
  });
}
