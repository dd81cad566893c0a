/** What the gateway itself costs: memory at rest, its event loop at full load, the way to the first verdict. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type BenchDaemon, publish, startDaemon } from './daemon.ts';
import { atMost, type Benchmark, median, rounded } from './report.ts';

const digits = new URL('../examples/digits/', import.meta.url);
const main = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
const megabyte = 1024 * 1024;
const startRounds = 3;
const settleMs = 3_000;

const config = `
models: { digits: { bundle: 'builtin:digits', maxBatch: 32 } }
sources: { line: { topic: 'bench/{source}/digit' } }
pipelines: { digits: { use: classify, models: { classifier: digits }, mailbox: every, maxInFlight: 256 } }
`;

const benchmark: Benchmark = async (say) => {
  const daemon = await startDaemon(config);
  try {
    await delay(settleMs);
    const idle = await residentMemory(daemon);
    say(`idle: daemon ${idle.daemon} MB, largest model process ${idle.model} MB`);
    await daemon.metric(eventLoop);
    const framesPerSecond = await saturate(daemon);
    const p99 = await daemon.metric(eventLoop, '{quantile="0.99"}');
    say(
      `full load: ${Math.round(framesPerSecond)} frames/s, event loop delayed by ${rounded(p99)} ms at p99`,
    );
    const loaded = await residentMemory(daemon);
    const firstVerdicts: number[] = [];
    for (let round = 0; round < startRounds; round++) firstVerdicts.push(await firstVerdictMs());
    say(`first verdict of \`edgeward demo\` after ${firstVerdicts.map(Math.round).join(', ')} ms`);
    return {
      goals: [
        atMost('daemon at rest', 'MB resident', 130, idle.daemon),
        atMost('model process at rest', 'MB resident', 150, idle.model),
        atMost('event loop delay at full load, p99', 'ms', 20, p99),
        atMost('start of the demo to its first verdict', 'ms', 5_000, median(firstVerdicts)),
      ],
      figures: {
        idle,
        loaded,
        framesPerSecond: rounded(framesPerSecond),
        firstVerdicts: firstVerdicts.map(rounded),
      },
    };
  } finally {
    await daemon.stop();
  }
};
export default benchmark;

const eventLoop = 'edgeward_event_loop_delay_ms';

async function residentMemory(daemon: BenchDaemon): Promise<{ daemon: number; model: number }> {
  const bytes = (process: string) =>
    daemon.metric('edgeward_resident_memory_bytes', `{process="${process}"}`);
  const models = await Promise.all([bytes('model:digits:0'), bytes('model:digits:1')]);
  const megabytes = (value: number) => rounded(value / megabyte);
  return {
    daemon: megabytes(await bytes('daemon')),
    model: megabytes(Math.max(...models.filter((value) => !Number.isNaN(value)))),
  };
}

async function saturate({ port }: BenchDaemon): Promise<number> {
  const names = (await readdir(digits)).filter((name) => name.endsWith('.png'));
  const payloads = await Promise.all(names.map((name) => readFile(new URL(name, digits), 'base64')));
  return publish({ port, topic: 'bench/line/digit', payloads, window: 256, warmupMs: 500, measureMs: 5_000 });
}

/** From the start of the process to the first line that has a verdict. */
async function firstVerdictMs(): Promise<number> {
  const startedAt = performance.now();
  const demo = spawn(process.execPath, [main, 'demo', '--count', '1'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(demo, 'exit');
  let took = Number.NaN;
  for await (const text of demo.stdout.setEncoding('utf8')) {
    if (Number.isNaN(took) && / ms {2}/.test(text)) took = performance.now() - startedAt;
  }
  await exited;
  return took;
}
