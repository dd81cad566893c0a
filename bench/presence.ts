/** Four cameras with somebody in motion, and forty with nobody, through MQTT, gate, detector and tracker. */
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
    const film = async (what: string, count: number, payloads: readonly string[]) => {
      const before = await daemon.treeCpuMs();
      const { results, seconds, sent } = await runCameras({
        port: daemon.port,
        topics: Array.from({ length: count }, (_, i) => `bench/${what}-${i}/frame`),
        results: `edgeward/bench/+/home/result`,
        payloads,
        qos: 1,
        // A frame that is dropped has no result: nothing may wait for it.
        window: Number.MAX_SAFE_INTEGER,
        framesPerSecond,
        finish: false,
        warmupMs,
        measureMs,
      });
      const cpuMs = (await daemon.treeCpuMs()) - before;
      const rate = results / seconds / count;
      say(
        `${count} cameras, ${what}: ${rounded(rate)} of ${framesPerSecond} frames a second each have a verdict`,
      );
      return { rate, cores: rounded(cpuMs / (warmupMs + measureMs)), sent };
    };
    const moving = await film('moving', 4, walk);
    const still = await film('still', 40, room);
    return {
      goals: [
        atLeast('verdicts of 4 cameras with motion, 640 × 480', 'a second and camera', 9.8, moving.rate),
        atLeast('verdicts of 40 still cameras, 640 × 480', 'a second and camera', 9.8, still.rate),
      ],
      figures: { cores: { moving: moving.cores, still: still.cores }, framesPerSecond },
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
