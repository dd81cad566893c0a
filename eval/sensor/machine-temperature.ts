/** NAB, machine temperature every five minutes: fitted on the first week, which knows no failure. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { atLeast, atMost, type Measurement, rounded } from '../../bench/report.ts';
import { data } from './data.ts';
import { learn, pipelineOf } from './pipeline.ts';

const stepS = 300;
const week = (7 * 86_400) / stepS;

/** From the first to the last message with the alarm on, ms. */
interface Episode {
  readonly from: number;
  to: number;
}

export async function machineTemperature(say: (line: string) => void, folder: string): Promise<Measurement> {
  const file = new URL('nab/machine_temperature_system_failure.csv', data);
  const [header = '', ...lines] = (await readFile(file, 'utf8')).trim().split('\n');
  const failures = await windows();
  const normal = join(folder, 'normal.csv');
  await writeFile(normal, [header, ...lines.slice(0, week)].join('\n'));
  const bundle = join(folder, 'machine.bundle');
  const timing = ['--window', String(16 * 3600), '--stride', String(3 * stepS)];
  const { threshold } = await learn(bundle, '--normal', normal, '--rate', `1/${stepS}`, ...timing);
  const options = {
    channels: { value: { path: 'value', silentS: 3600 } },
    adaptS: 4 * 86_400,
    alarmAfter: 4,
  };
  const pipeline = await pipelineOf(options, bundle);
  const episodes: Episode[] = [];
  let on = false;
  try {
    for (const [i, line] of lines.entries()) {
      const [time = '', value] = line.split(',');
      const at = utc(time);
      const { alarm } = await pipeline.send({ value: Number(value) }, at);
      const now = alarm !== 'none' && i >= week;
      if (now && !on) episodes.push({ from: at, to: at });
      const last = episodes.at(-1);
      if (now && last) last.to = at;
      on = now;
    }
  } finally {
    await pipeline.close();
  }
  const meets = ({ from, to }: Episode) => failures.some((each) => from <= each.to && to >= each.from);
  const found = failures.filter((each) =>
    episodes.some(({ from, to }) => from <= each.to && to >= each.from),
  );
  const falseAlarms = episodes.filter((episode) => !meets(episode));
  for (const { from, to } of episodes) {
    say(`alarm ${iso(from)} to ${iso(to)}${meets({ from, to }) ? ', in a failure window' : ', false'}`);
  }
  return {
    goals: [
      atLeast('NAB machine temperature: failure windows found', 'of 4', 4, found.length),
      atMost('NAB machine temperature: alarms outside them', 'alarms', 4, falseAlarms.length),
    ],
    figures: {
      threshold: rounded(threshold),
      episodes: episodes.map(({ from, to }) => [iso(from), iso(to)]),
    },
  };
}

async function windows(): Promise<{ from: number; to: number }[]> {
  const labels: Record<string, [string, string][]> = JSON.parse(
    await readFile(new URL('nab/windows.json', data), 'utf8'),
  );
  return Object.values(labels)
    .flat()
    .map(([from, to]) => ({ from: utc(from), to: utc(to) }));
}

function utc(text: string): number {
  return Date.parse(`${text.replace(' ', 'T').slice(0, 19)}Z`);
}

function iso(time: number): string {
  return new Date(time).toISOString().slice(0, 16);
}
