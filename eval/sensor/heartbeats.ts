/** ECG5000: each message is one beat of 140 samples; fitted on the normal beats of one half of the file. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { atLeast, type Measurement, rounded } from '../../bench/report.ts';
import { data } from './data.ts';
import { auc, learn, pipelineOf } from './pipeline.ts';

interface Beat {
  readonly normal: boolean;
  readonly samples: readonly number[];
}

export async function heartbeats(say: (line: string) => void, folder: string): Promise<Measurement> {
  const text = await readFile(new URL('ecg5000/ECG5000_TRAIN.txt', data), 'utf8');
  const beats = text
    .trim()
    .split('\n')
    .map((line): Beat => {
      const [label, ...samples] = line.trim().split(/\s+/).map(Number);
      return { normal: label === 1, samples };
    });
  // The file is sorted by nothing that matters; both ways round, so that no lucky half decides.
  const halves = [beats.filter((_, i) => i % 2 === 0), beats.filter((_, i) => i % 2 === 1)] as const;
  const areas: number[] = [];
  for (const [i, learned] of halves.entries()) {
    areas.push(await measure(learned, halves[1 - i] ?? [], join(folder, `beat-${i}`), say));
  }
  const worst = Math.min(...areas);
  return {
    goals: [atLeast('ECG5000, normal beats of one half fitted, the other half judged', 'AUC', 0.97, worst)],
    figures: { areas: areas.map(rounded) },
  };
}

async function measure(
  learned: readonly Beat[],
  judged: readonly Beat[],
  path: string,
  say: (line: string) => void,
): Promise<number> {
  const lines = learned
    .filter(({ normal }) => normal)
    .map(({ samples }) => JSON.stringify({ beat: samples }));
  await writeFile(`${path}.jsonl`, lines.join('\n'));
  const bundle = `${path}.bundle`;
  await learn(
    bundle,
    '--normal',
    `${path}.jsonl`,
    '--rate',
    '125',
    '--each-message',
    '--features',
    'raw',
    '--false-alarms',
    '0.05',
  );
  const pipeline = await pipelineOf({ channels: { beat: { path: 'beat' } } }, bundle);
  const good: number[] = [];
  const bad: number[] = [];
  try {
    for (const [i, { normal, samples }] of judged.entries()) {
      const { windows } = await pipeline.send({ beat: samples }, i * 1120);
      const score = windows[0]?.score ?? Number.NaN;
      (normal ? good : bad).push(score);
    }
  } finally {
    await pipeline.close();
  }
  const over = (list: readonly number[]) =>
    rounded(list.filter((score) => score >= 0.5).length / list.length);
  say(`${lines.length} beats fitted; above the threshold: normal ${over(good)}, others ${over(bad)}`);
  return auc(good, bad);
}
