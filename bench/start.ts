/** How soon a gateway is of use after its process starts, and the memory of its processes. */
import { setTimeout as delay } from 'node:timers/promises';
import { type BenchDaemon, startDaemon } from './daemon.ts';
import { runCameras } from './frames/processes.ts';
import { pngDigits } from './host.ts';
import { residentBytes } from './memory.ts';
import { atMost, type Benchmark, median, rounded } from './report.ts';

const rounds = 5;
const settleMs = 3_000;
const megabyte = 1024 * 1024;
const config = `
models: { digits: { bundle: 'builtin:digits', maxBatch: 32 } }
sources: { line: { topic: 'bench/{source}/digit' } }
pipelines: { digits: { use: classify, models: { classifier: digits }, mailbox: every, maxInFlight: 256 } }
`;

const benchmark: Benchmark = async (say) => {
  const payloads = (await pngDigits()).map(({ data }) => Buffer.from(data).toString('base64'));
  const readyMs: number[] = [];
  const resultMs: number[] = [];
  const idle: number[][] = [];
  const loaded: number[][] = [];
  for (let round = 0; round < rounds; round++) {
    const daemon = await startDaemon(config);
    try {
      readyMs.push(daemon.readyAfterMs);
      resultMs.push(await firstResultMs(daemon, payloads));
      await delay(settleMs);
      idle.push(await residentBytes(daemon.pid));
      await runCameras({ ...jobFor(daemon, payloads), window: 256, warmupMs: 500, measureMs: 3_000 });
      loaded.push(await residentBytes(daemon.pid));
    } finally {
      await daemon.stop();
    }
    say(
      `ready after ${Math.round(readyMs.at(-1) ?? 0)} ms, first result after ${Math.round(resultMs.at(-1) ?? 0)} ms`,
    );
  }
  const memory = { idle: ofProcesses(idle), loaded: ofProcesses(loaded) };
  say(`at rest: daemon ${memory.idle.daemon} MB, all ${memory.idle.all} MB`);
  say(`after full load: daemon ${memory.loaded.daemon} MB, all ${memory.loaded.all} MB`);
  return {
    goals: [
      atMost('process start to ready', 'ms', 1_500, median(readyMs)),
      atMost('process start to the first result', 'ms', 1_500, median(resultMs)),
    ],
    figures: { readyMs: readyMs.map(rounded), firstResultMs: resultMs.map(rounded), memory },
  };
};
export default benchmark;

function jobFor({ port }: BenchDaemon, payloads: readonly string[]) {
  return {
    port,
    topics: ['bench/line/digit'],
    results: 'edgeward/bench/line/digits/result',
    payloads,
    qos: 1,
    framesPerSecond: 0,
    finish: false,
  } as const;
}

/** From the start of the gateway's process: ready, and then the way of one frame on a connection that stands. */
async function firstResultMs(daemon: BenchDaemon, payloads: readonly string[]): Promise<number> {
  const job = { ...jobFor(daemon, payloads), window: 1, finish: true };
  const { latencies } = await runCameras({ ...job, warmupMs: 0, measureMs: 2_000 });
  return daemon.readyAfterMs + (latencies[0] ?? Number.NaN);
}

/** Medians over the rounds, MB. */
function ofProcesses(all: readonly (readonly number[])[]): { daemon: number; models: number; all: number } {
  const middle = (of: (bytes: readonly number[]) => number) => rounded(median(all.map(of)) / megabyte);
  const sum = (bytes: readonly number[]) => bytes.reduce((total, one) => total + one, 0);
  return {
    daemon: middle(([daemon = 0]) => daemon),
    models: middle(([, ...models]) => sum(models)),
    all: middle(sum),
  };
}
