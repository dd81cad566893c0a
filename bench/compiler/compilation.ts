/** What `edgeward compile` itself takes, as a process of its own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { atMost, type Measurement, rounded } from '../report.ts';
import { model } from './pictures.ts';

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const rounds = 3;

/** Loaded before the program: says at its end what it has used. Linux counts the parent's memory into `maxRSS`. */
const reporter = `data:text/javascript,${encodeURIComponent(`
  import { readFileSync } from 'node:fs';
  const peak = () => {
    try { return Number(/VmHWM:\\s*(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]); }
    catch { return process.resourceUsage().maxRSS; }
  };
  process.on('exit', () => {
    const { userCPUTime, systemCPUTime } = process.resourceUsage();
    console.error(JSON.stringify({ kilobytes: peak(), cpu: userCPUTime + systemCPUTime }));
  });`)}`;

export async function measureCompilation(say: (line: string) => void): Promise<Measurement> {
  const folder = await mkdtemp(join(tmpdir(), 'edgeward-bench-'));
  try {
    const runs: Awaited<ReturnType<typeof compileOnce>>[] = [];
    for (let round = 0; round < rounds; round++) runs.push(await compileOnce(join(folder, 'compiled.onnx')));
    const all = (key: keyof (typeof runs)[number]) => runs.map((run) => run[key]);
    const figures = {
      // The least: what else the machine does only adds to it.
      seconds: rounded(Math.min(...all('seconds'))),
      cpuSeconds: rounded(Math.min(...all('cpuSeconds'))),
      megabytes: rounded(Math.max(...all('megabytes'))),
    };
    say(`edgeward compile MobileNetV2: ${JSON.stringify(figures)}`);
    return {
      goals: [
        atMost('edgeward compile of MobileNetV2', 's', 3, figures.seconds),
        atMost('memory for it', 'MB', 600, figures.megabytes),
      ],
      figures: { compileMobilenetV2: figures },
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function compileOnce(out: string) {
  const source = model('cls_mobilenet_v2_1.0_224_ptq_uint8.tflite');
  const started = performance.now();
  const child = spawn(process.execPath, ['--import', reporter, main, 'compile', source, '--out', out], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let text = '';
  child.stderr.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(text);
  const seconds = (performance.now() - started) / 1000;
  const { kilobytes, cpu }: { kilobytes: number; cpu: number } = JSON.parse(
    text.trim().split('\n').at(-1) ?? '',
  );
  return { seconds, cpuSeconds: cpu / 1e6, megabytes: kilobytes / 1024 };
}
