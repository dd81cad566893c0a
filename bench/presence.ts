/**
 * Four cameras with somebody in motion, forty with nobody, and all of them at once, through MQTT, gate, detector and
 * tracker.
 */
import sharp from 'sharp';
import { humanPictures } from '../scripts/human-pictures.ts';
import { startDaemon } from './daemon.ts';
import { runCameras } from './frames/processes.ts';
import { atLeast, type Benchmark, rounded } from './report.ts';

const size = { width: 640, height: 480 };
const framesPerSecond = 10;
const warmupMs = 3_000;
const measureMs = 10_000;
/** Of a walk from one side to the other and back. */
const steps = 20;

interface Group {
  readonly name: string;
  /** Cameras. */
  readonly count: number;
  readonly payloads: readonly string[];
}

const config = `
models:
  centernet: { bundle: 'builtin:centernet', timeoutMs: 30000 }
sources: { cameras: { topic: 'bench/{source}/frame' } }
pipelines: { home: { use: presence, models: { detector: centernet } } }
`;

const benchmark: Benchmark = async (say) => {
  const { walk, room } = await scenes();
  const daemon = await startDaemon(config);
  try {
    const film = async (what: string, ...groups: readonly Group[]) => {
      const before = await daemon.treeCpuMs();
      const reports = await Promise.all(
        groups.map(({ name, count, payloads }) =>
          runCameras({
            port: daemon.port,
            topics: Array.from({ length: count }, (_, i) => `bench/${name}-${i}/frame`),
            results: 'edgeward/bench/+/home/result',
            payloads,
            qos: 1,
            // A frame that is dropped has no result: nothing may wait for it.
            window: Number.MAX_SAFE_INTEGER,
            framesPerSecond,
            finish: false,
            warmupMs,
            measureMs,
          }),
        ),
      );
      const cpuMs = (await daemon.treeCpuMs()) - before;
      // Each process of cameras hears the results of all: those of its own count.
      const rates = groups.map(({ name, count }, i) => {
        const { each = {}, seconds = 1 } = reports[i] ?? {};
        const own = Object.entries(each).filter(([topic]) => topic.includes(`/${name}-`));
        return own.reduce((sum, [, results]) => sum + results, 0) / seconds / count;
      });
      const cores = rounded(cpuMs / (warmupMs + measureMs));
      say(
        `${what}: ${rates.map(rounded).join(' and ')} of ${framesPerSecond} frames a second each have a verdict, ${cores} cores`,
      );
      return { rates: rates.map(rounded), cores };
    };
    const four: Group = { name: 'moving', count: 4, payloads: walk };
    const forty: Group = { name: 'still', count: 40, payloads: room };
    const moving = await film('4 cameras with motion', four);
    const still = await film('40 still cameras', forty);
    const all = await film('both at once', four, forty);
    const goal = (what: string, rate: number | undefined) =>
      atLeast(`verdicts of ${what}, 640 × 480`, 'a second and camera', 9.8, rate ?? 0);
    return {
      goals: [
        goal('4 cameras with motion', moving.rates[0]),
        goal('40 still cameras', still.rates[0]),
        goal('4 cameras with motion beside 40 still ones', all.rates[0]),
        goal('40 still cameras beside 4 with motion', all.rates[1]),
      ],
      figures: {
        cores: { moving: moving.cores, still: still.cores, all: all.cores },
        framesPerSecond,
      },
    };
  } finally {
    await daemon.stop();
  }
};
export default benchmark;

/** The photograph that comes with the default models, walking before a wall; and the wall with a sensor's noise. */
async function scenes(): Promise<{ walk: string[]; room: string[] }> {
  const { body } = await humanPictures();
  const person = await sharp(body).resize({ height: 400 }).toBuffer();
  const { width = 0 } = await sharp(person).metadata();
  const wall = (seed: number) => {
    const data = Buffer.alloc(size.width * size.height * 3);
    let state = seed;
    for (let i = 0; i < data.length; i++) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      data[i] = 110 + ((i * 7) % 60) + (state >>> 30);
    }
    return sharp(data, { raw: { ...size, channels: 3 } });
  };
  const walk = Array.from({ length: steps }, async (_, i) => {
    const way = Math.abs((2 * i) / steps - 1);
    const left = Math.round(way * (size.width - width));
    return (
      await wall(i + 1)
        .composite([{ input: person, left, top: 40 }])
        .jpeg({ quality: 85 })
        .toBuffer()
    ).toString('base64');
  });
  const room = Array.from({ length: steps }, async (_, i) =>
    (
      await wall(i + 100)
        .jpeg({ quality: 85 })
        .toBuffer()
    ).toString('base64'),
  );
  return { walk: await Promise.all(walk), room: await Promise.all(room) };
}
