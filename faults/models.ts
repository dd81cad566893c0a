/** Damaged model files and bundles, given to a process that loads them. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { atMost } from '../bench/report.ts';
import { writeTflite } from '../src/compiler/tflite/write.ts';
import { resolveBundle } from '../src/models/builtin.ts';
import { readBundle } from '../src/models/bundle.ts';
import type { LoadAnswer, LoadRequest } from './hostile/loader.ts';
import { mutate, pick } from './hostile/mutate.ts';
import type { Part } from './report.ts';
import { type Scratch, withScratch } from './scratch.ts';

const script = fileURLToPath(new URL('./hostile/loader.ts', import.meta.url));
const count = { short: 600, whole: 5_000 };
const hangMs = 1_000;
/** Beyond it a loader counts as hung for good, and a new one goes on. */
const patienceMs = 10_000;

interface Whole extends Omit<LoadRequest, 'file'> {
  readonly name: string;
  readonly bytes: Uint8Array;
}

const part: Part = (conditions) =>
  withScratch(async (scratch) => {
    const { random, short, say } = conditions;
    const folder = await scratch.folder();
    const whole = await wholeModels();
    const outcomes: Record<string, number> = {};
    const foreign: string[] = [];
    let [slowestMs, crashes] = [0, 0];
    const sizes: number[] = [];
    let loader = await startLoader(scratch);
    for (let n = 0; n < (short ? count.short : count.whole); n++) {
      const { name, bytes, kind } = pick(whole, random);
      const file = join(folder, name);
      await writeFile(file, mutate(bytes, random));
      const startedAt = performance.now();
      const answer = await ask(loader, { file, kind });
      slowestMs = Math.max(slowestMs, performance.now() - startedAt);
      if (answer === undefined) {
        crashes++;
        say(`attempt ${n}: ${name} ended or hung its loader`);
        loader.kill('SIGKILL');
        loader = await startLoader(scratch);
        continue;
      }
      outcomes[answer.isOurs ? answer.outcome : 'other'] =
        (outcomes[answer.isOurs ? answer.outcome : 'other'] ?? 0) + 1;
      if (!answer.isOurs) foreign.push(`attempt ${n}: ${name}: ${answer.outcome}`);
      sizes.push(answer.mb);
    }
    for (const line of foreign.slice(0, 5)) say(line);
    say(JSON.stringify(outcomes));
    const half = sizes[sizes.length >> 1] ?? 0;
    return {
      blows: [],
      flows: {},
      goals: [
        atMost('hostile models: loader ended or hung', 'times', 0, crashes),
        atMost('hostile models: refused with an error that is none of ours', 'files', 0, foreign.length),
        atMost('hostile models: longest load', 'ms', hangMs, slowestMs),
        atMost('hostile models: memory of the second half', 'MB more', 64, (sizes.at(-1) ?? 0) - half),
      ],
      figures: { outcomes },
    };
  });
export default part;

async function startLoader(scratch: Scratch): Promise<ChildProcess> {
  const child = fork(script, {
    execArgv: ['--import', 'tsx'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  scratch.use(child, async () => child.kill('SIGKILL'));
  await once(child, 'message');
  return child;
}

/** `undefined`: it ended, or did not answer. */
async function ask(loader: ChildProcess, request: LoadRequest): Promise<LoadAnswer | undefined> {
  const over = new AbortController();
  const timer = setTimeout(() => over.abort(), patienceMs);
  loader.once('exit', () => over.abort());
  loader.send(request);
  try {
    const [answer] = await once(loader, 'message', { signal: over.signal });
    return answer as LoadAnswer;
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
    loader.removeAllListeners('exit');
  }
}

async function wholeModels(): Promise<Whole[]> {
  const path = resolveBundle('builtin:digits');
  const bundle = await readBundle(path);
  const onnx = Object.keys(bundle.manifest.files).find((name) => name.endsWith('.onnx'));
  if (onnx === undefined) throw new Error('Expected an ONNX file in the bundle of digits');
  return [
    { name: 'net.onnx', kind: 'model', bytes: bundle.file(onnx) },
    { name: 'net.tflite', kind: 'model', bytes: smallTflite() },
    { name: 'net.bundle', kind: 'bundle', bytes: await readFile(path) },
  ];
}

function smallTflite(): Uint8Array {
  return writeTflite({
    tensors: [
      { shape: [1, 6, 6, 3], type: 'int8', scale: 0.02, zeroPoint: -3 },
      { shape: [4, 3, 3, 3], type: 'int8', data: new Int8Array(108).fill(3), scale: [0.1, 0.2, 0.3, 0.4] },
      { shape: [4], type: 'int32', data: Int32Array.of(1, 2, 3, 4), scale: [0.002, 0.004, 0.006, 0.008] },
      { shape: [1, 3, 3, 4], type: 'int8', scale: 0.5, zeroPoint: 4 },
    ],
    operators: [
      {
        op: 'CONV_2D',
        inputs: [0, 1, 2],
        outputs: [3],
        options: [1, [1, 'int32', 2], [2, 'int32', 2], [3, 'int8', 1], [4, 'int32', 1], [5, 'int32', 1]],
      },
    ],
    inputs: [0],
    outputs: [3],
  });
}
