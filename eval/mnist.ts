/**
 * MNIST from training to the file that a gateway runs, with both nets of `edgeward train mnist`: all 60,000 digits,
 * the options that the command has by itself. A few minutes on two cores.
 */
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { liteRtSession } from '../bench/compiler/litert.ts';
import { atLeast, atMost, type Benchmark, type Goal, rounded } from '../bench/report.ts';
import { compile } from '../src/compiler/compile.ts';
import { openSession } from '../src/compiler/runtime.ts';
import { greatest, predict } from '../src/training/evaluate.ts';
import { readMnist } from '../src/training/mnist.ts';
import { optimizeRun } from '../src/training/optimize.ts';
import { type Pictures, scaled, slice } from '../src/training/pictures.ts';
import { type Recipe, recipeDefaults } from '../src/training/recipe.ts';
import { exportRun } from '../src/training/tflite/export-run.ts';
import { trainRun } from '../src/training/train-run.ts';

const data = fileURLToPath(new URL('../../shared/data/mnist', import.meta.url));
const nets = { dense: 97.5, conv: 98.8 } as const;
type Net = keyof typeof nets;

/** Test digits that the exported files answer. */
const compared = 1_000;

const measure: Benchmark = async (say) => {
  const names = Object.keys(nets) as Net[];
  if (!existsSync(data)) {
    const missing = (net: Net): Goal => ({
      what: `${net} net, int8`,
      unit: '% of the test digits',
      want: `>= ${nets[net]}`,
      got: null,
      ok: false,
      why: 'the digits are missing: ../shared/data/mnist',
    });
    return { goals: names.map(missing), figures: {} };
  }
  const goals: Goal[] = [];
  const figures: Record<string, unknown> = {};
  for (const net of names) {
    const folder = await mkdtemp(join(tmpdir(), 'edgeward-eval-'));
    try {
      const measured = await measureNet(net, folder, say);
      goals.push(...measured.goals);
      figures[net] = measured.figures;
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
  return { goals, figures };
};
export default measure;

async function measureNet(net: Net, folder: string, say: (line: string) => void) {
  const recipe: Recipe = { task: 'mnist', data, net, seed: 1, ...recipeDefaults('mnist', net) };
  const { parameters, tookMs } = await trainRun({
    recipe,
    out: folder,
    resume: false,
    onEpoch: ({ epoch, heldOut }) =>
      say(
        `${net}: epoch ${epoch} of ${recipe.epochs}, ${percent(heldOut?.accuracy ?? 0).toFixed(2)} % of the held-out digits`,
      ),
  });
  const { result, bytes } = await optimizeRun(folder, { bound: 0.3, samples: 512, prefer: 'size' });
  const test = slice(await readMnist(data, 't10k'), 0, compared);
  const own = await answersOf(join(folder, 'model.json'), test);
  const agreement = async (int8: boolean) => {
    const theirs = await answersOfLiteRt(await exportRun(folder, { int8, samples: 512 }), test, int8);
    return percent(own.filter((answer, i) => answer === theirs[i]).length / compared);
  };
  const [float, optimized] = [percent(result.float), percent(result.optimized)];
  return {
    goals: [
      atLeast(`${net} net, int8`, '% of the test digits', nets[net], optimized),
      atMost(`${net} net, int8 under float`, 'points', 0.3, float - optimized),
      atLeast(`${net} net, file in float against int8`, 'times', 3.5, bytes.float / bytes.optimized),
      atLeast(`${net} net, .tflite in LiteRT.js`, '% the same top-1', 100, await agreement(false)),
      atLeast(`${net} net, int8 .tflite in LiteRT.js`, '% the same top-1', 99.5, await agreement(true)),
    ],
    figures: {
      parameters,
      floatPercent: rounded(float),
      int8Percent: rounded(optimized),
      bytes,
      trainedInS: Math.round(tookMs / 1000),
    },
  };
}

/** What the net says in float, by the runtime of the gateway. */
async function answersOf(path: string, digits: Pictures): Promise<number[]> {
  const session = await openSession((await compile({ path })).file, { threads: 1 });
  const rows = await predict(session, {
    count: digits.count,
    feed: (from, to) => ({
      type: 'float32',
      dims: [to - from, 28, 28, 1],
      data: scaled(slice(digits, from, to)),
    }),
  });
  await session.close();
  return rows.map(greatest);
}

async function answersOfLiteRt(file: Uint8Array, digits: Pictures, int8: boolean): Promise<number[]> {
  const session = await liteRtSession(file);
  const answers: number[] = [];
  for (let i = 0; i < digits.count; i++) {
    const digit = slice(digits, i, i + 1);
    const [output] = await session.run([
      int8 ? Int8Array.from(digit.pixels, (byte) => byte - 128) : scaled(digit),
    ]);
    answers.push(greatest(Float32Array.from((output ?? []) as Float32Array)));
  }
  session.close();
  return answers;
}

function percent(share: number): number {
  return share * 100;
}
