/** How the cost of a frame grows with the number of cameras, and who gets what when there are too many frames. */
import { readdir, readFile } from 'node:fs/promises';
import { type BenchDaemon, startDaemon } from './daemon.ts';
import type { CameraReport } from './frames/camera.ts';
import { runCameras } from './frames/processes.ts';
import { atLeast, atMost, type Benchmark, median, rounded } from './report.ts';

const counts = [1, 2, 4, 8, 16, 32, 64] as const;
const rounds = 3;
/** Of all cameras together: far below what the gateway can do, so that no batch hides the cost. */
const framesPerSecond = 256;
const warmupMs = 1_000;
const measureMs = 3_000;
const digits = new URL('../examples/digits/', import.meta.url);

const benchmark: Benchmark = async (say) => {
  const names = (await readdir(digits)).filter((name) => name.endsWith('.png'));
  const payloads = await Promise.all(names.map((name) => readFile(new URL(name, digits), 'base64')));
  const costs = await growth(payloads, say);
  const { least, lost, waiting } = await overload(payloads, say);
  const all = Object.values(costs);
  return {
    goals: [
      atMost('CPU time a frame, most against least over 1 to 64 cameras', 'times', 1.1, spread(all)),
      atLeast('least share of a camera under overload, of its fair share', 'times', 0.8, least),
      atMost('frames of `every` without a result under overload', 'frames', 0, lost),
      atMost('frames of `latest` that wait, a camera', 'frames', 1, waiting),
    ],
    figures: { cpuMsPerFrame: costs },
  };
};
export default benchmark;

const spread = (values: readonly number[]) => Math.max(...values) / Math.min(...values);

/** CPU time of the gateway and its model processes, by number of cameras, at the same number of frames. */
async function growth(payloads: readonly string[], say: (line: string) => void) {
  const daemon = await startDaemon(configOf('every'));
  const costs = new Map<number, number[]>();
  try {
    for (let round = 0; round < rounds; round++) {
      for (const count of counts) {
        const before = await daemon.treeCpuMs();
        const report = await film(daemon, payloads, count, { framesPerSecond: framesPerSecond / count });
        const frames = (report.results / measureMs) * (warmupMs + measureMs);
        const cost = ((await daemon.treeCpuMs()) - before) / frames;
        costs.set(count, [...(costs.get(count) ?? []), cost]);
        say(`${count} cameras: ${rounded(cost)} ms of CPU a frame`);
      }
    }
  } finally {
    await daemon.stop();
  }
  return Object.fromEntries([...costs].map(([count, values]) => [count, rounded(median(values))]));
}

/** Eight cameras that send as fast as they can: four whose frames may be dropped, four whose may not. */
async function overload(payloads: readonly string[], say: (line: string) => void) {
  const daemon = await startDaemon(configOf('latest'));
  try {
    const { each } = await film(daemon, payloads, 8, { framesPerSecond: 2_000, qos: 0 });
    const shares = Object.values(each);
    const fair = shares.reduce((sum, share) => sum + share, 0) / 8;
    const least = shares.length < 8 ? 0 : Math.min(...shares) / fair;
    const waiting = (await daemon.metric('edgeward_frames_waiting')) / 8;
    say(`overload: the camera that gets least gets ${rounded(least)} of its fair share`);
    return { least, waiting, lost: await lostOfEvery(payloads) };
  } finally {
    await daemon.stop();
  }
}

/** Frames of a flood at QoS 1 that have no result when the window has run empty. */
async function lostOfEvery(payloads: readonly string[]): Promise<number> {
  const daemon = await startDaemon(configOf('every'));
  try {
    const { sent, results } = await film(daemon, payloads, 8, { window: 64, finish: true });
    return sent - results;
  } finally {
    await daemon.stop();
  }
}

function film(
  { port }: BenchDaemon,
  payloads: readonly string[],
  count: number,
  options: { framesPerSecond?: number; qos?: 0 | 1; window?: number; finish?: boolean },
): Promise<CameraReport> {
  return runCameras({
    port,
    topics: Array.from({ length: count }, (_, i) => `bench/camera-${i}/digit`),
    results: 'edgeward/bench/+/digits/result',
    payloads,
    qos: 1,
    window: 1,
    framesPerSecond: 0,
    finish: false,
    ...options,
    warmupMs,
    measureMs,
  });
}

function configOf(mailbox: 'latest' | 'every'): string {
  return `
models: { digits: { bundle: 'builtin:digits', maxBatch: 32 } }
sources: { cameras: { topic: 'bench/{source}/digit' } }
pipelines: { digits: { use: classify, models: { classifier: digits }, mailbox: ${mailbox}, maxInFlight: 64 } }
`;
}
