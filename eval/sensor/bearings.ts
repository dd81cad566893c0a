/** CWRU, two accelerometers at 12 kHz: fitted on the first half of the normal recording. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { atLeast, type Measurement, rounded } from '../../bench/report.ts';
import { data, readNpz } from './data.ts';
import { auc, learn, pipelineOf } from './pipeline.ts';

const rateHz = 12_000;
const window = rateHz / 4;
const channels = { de: 'DE', fe: 'FE' } as const;
type Recording = Readonly<Record<keyof typeof channels, Float64Array>>;

export async function bearings(say: (line: string) => void, folder: string): Promise<Measurement> {
  const normal = await read('1797_Normal.npz');
  const half = Math.floor(normal.de.length / 2);
  const csv = join(folder, 'bearing.csv');
  const rows = Array.from({ length: half }, (_, i) => `${normal.de[i]},${normal.fe[i]}`);
  await writeFile(csv, ['de,fe', ...rows].join('\n'));
  const bundle = join(folder, 'bearing.bundle');
  const how = ['--rate', String(rateHz), '--window', '0.25', '--stride', '0.05', '--features', 'vibration'];
  const { windows, threshold } = await learn(bundle, '--normal', csv, ...how);
  const rest = { de: normal.de.subarray(half), fe: normal.fe.subarray(half) };
  const good = await scores(bundle, rest);
  const inner = await scores(bundle, await read('1797_IR_7_DE12.npz'));
  const ball = await scores(bundle, await read('1797_B_7_DE12.npz'));
  const bad = [...inner, ...ball];
  const area = auc(good, bad);
  const over = (list: readonly number[]) =>
    rounded(list.filter((score) => score >= 0.5).length / list.length);
  say(`fitted on ${windows} windows; ${good.length} normal, ${inner.length} inner race, ${ball.length} ball`);
  say(`above the threshold: normal ${over(good)}, inner race ${over(inner)}, ball ${over(ball)}`);
  return {
    goals: [atLeast('CWRU bearings, windows of 0.25 s, normal against fault', 'AUC', 0.99, area)],
    figures: {
      threshold: rounded(threshold),
      overThreshold: { normal: over(good), inner: over(inner), ball: over(ball) },
    },
  };
}

/** Of all windows of a recording that is sent a quarter of a second a message. */
async function scores(bundle: string, recording: Recording): Promise<number[]> {
  const options = { channels: { de: { path: 'de' }, fe: { path: 'fe' } } };
  const pipeline = await pipelineOf(options, bundle);
  const found: number[] = [];
  try {
    for (let start = 0; start + window <= recording.de.length; start += window) {
      const part = (samples: Float64Array) => [...samples.subarray(start, start + window)];
      const at = ((start + window - 1) * 1000) / rateHz;
      const { windows } = await pipeline.send({ de: part(recording.de), fe: part(recording.fe) }, at);
      for (const { score } of windows) if (score !== undefined) found.push(score);
    }
  } finally {
    await pipeline.close();
  }
  return found;
}

async function read(name: string): Promise<Recording> {
  const arrays = readNpz(await readFile(new URL(`cwru/${name}`, data)));
  const [de, fe] = Object.values(channels).map((key) => arrays.get(key));
  if (!de || !fe) throw new TypeError(`Expected DE and FE in ${name}`);
  return { de, fe };
}
