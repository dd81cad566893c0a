/** From publishing a frame to its result, at five frames a second, beside decoding, resizing and running it alone. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startDaemon } from './daemon.ts';
import { makeNet } from './frames/net.ts';
import { cameraPictures } from './frames/pictures.ts';
import { runCameras, runLimit } from './frames/processes.ts';
import { atMost, type Benchmark, median, quantile, rounded } from './report.ts';

const rounds = 3;
const framesPerSecond = 5;
/** Without pauses: a gateway runs for months, so its code has long been compiled and optimised. */
const warmupMs = 8_000;
const settleMs = 1_000;
/** A hundredth of these frames is three: the worst one alone says more of the machine than of the gateway. */
const measureMs = 60_000;

const benchmark: Benchmark = async (say) => {
  const folder = await mkdtemp(join(tmpdir(), 'edgeward-bench-'));
  try {
    const pictures = await cameraPictures(8);
    const payloads = pictures.map((picture) => picture.toString('base64'));
    const { bundle, form } = await makeNet(folder, pictures);
    const overheads: Figures[] = [];
    const figures: { frame: Figures; alone: Figures }[] = [];
    for (let round = 0; round < rounds; round++) {
      const frame = await throughMqtt(bundle, payloads);
      const job = { bundle, pictures: payloads, batch: 1, everyMs: 1000 / framesPerSecond };
      const alone = figuresOf((await runLimit({ ...job, warmupMs, measureMs })).ms);
      figures.push({ frame, alone });
      overheads.push({ p50: frame.p50 - alone.p50, p99: frame.p99 - alone.p99 });
      say(
        `publish to result: p50 ${rounded(frame.p50)} ms, p99 ${rounded(frame.p99)} ms; ` +
          `decode, resize, run alone: p50 ${rounded(alone.p50)} ms, p99 ${rounded(alone.p99)} ms`,
      );
    }
    const middle = (key: keyof Figures) => median(overheads.map((each) => each[key]));
    return {
      goals: [
        atMost('added to the sum of decode, resize and run, p50', 'ms', 2, middle('p50')),
        atMost('added to the sum of decode, resize and run, p99', 'ms', 6, middle('p99')),
      ],
      figures: { form, rounds: figures },
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};
export default benchmark;

interface Figures {
  readonly p50: number;
  readonly p99: number;
}

function figuresOf(ms: readonly number[]): Figures {
  return { p50: median(ms), p99: quantile(ms, 0.99) };
}

async function throughMqtt(bundle: string, payloads: readonly string[]): Promise<Figures> {
  const daemon = await startDaemon(`
models: { net: { bundle: '${bundle}', maxBatch: 8, instances: 1 } }
sources: { line: { topic: 'bench/{source}/frame' } }
pipelines: { net: { use: classify, models: { classifier: net }, mailbox: every } }
`);
  try {
    const job = {
      port: daemon.port,
      topics: ['bench/line/frame'],
      results: 'edgeward/bench/line/net/result',
      payloads,
      qos: 1,
      window: 1,
      finish: false,
      warmupMs: settleMs,
    } as const;
    await runCameras({ ...job, framesPerSecond: 0, measureMs: warmupMs });
    const { latencies } = await runCameras({ ...job, framesPerSecond, measureMs });
    return figuresOf(latencies);
  } finally {
    await daemon.stop();
  }
}
