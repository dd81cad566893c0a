/** Four fifths of what the gateway can do, for a long time: what grows? */
import { setTimeout as delay } from 'node:timers/promises';
import { publish } from '../bench/daemon.ts';
import { cameraPictures } from '../bench/frames/pictures.ts';
import { atMost, rounded } from '../bench/report.ts';
import { createGateway, startFlow, tell } from './gateway.ts';
import { footprintOf, withoutFootprint } from './processes.ts';
import type { Part } from './report.ts';
import { withScratch } from './scratch.ts';

const load = 0.8;
const sampleMs = 5_000;
/** Share of the time after which what is left of the start has settled. */
const warmUp = 0.3;

interface Sample {
  readonly hours: number;
  readonly mb: number;
  readonly openFiles: number;
}

const part: Part = async ({ soakMinutes, say }) => {
  if (withoutFootprint) return { blows: [], flows: {}, skipped: { soak: withoutFootprint } };
  return withScratch(async (scratch) => {
    const { daemon, port } = await createGateway(scratch);
    await daemon.start();
    const pictures = (await cameraPictures(16)).map((picture) => picture.toString('base64'));
    const most = await publish({
      port,
      topic: 'cameras/probe/frame',
      payloads: pictures,
      window: 64,
      warmupMs: 2_000,
      measureMs: 8_000,
    });
    const framesPerSecond = most * load;
    say(
      `${Math.round(most)} frames a second at most; ${Math.round(framesPerSecond)} for ${soakMinutes} minutes`,
    );
    const flow = await startFlow(scratch, 'soak', { port, pictures, framesPerSecond });
    const samples: Sample[] = [];
    const startedAt = performance.now();
    const hours = () => (performance.now() - startedAt) / 3_600_000;
    while (hours() * 60 < soakMinutes) {
      await delay(sampleMs);
      const { mb, openFiles } = await footprintOf(daemon.pid);
      samples.push({ hours: hours(), mb, openFiles });
    }
    const report = await flow.finish();
    tell(say, 'soak', report);
    const settled = samples.slice(Math.floor(samples.length * warmUp));
    const files = settled.map(({ openFiles }) => openFiles);
    return {
      blows: [],
      flows: { soak: report },
      goals: [
        atMost('soak: growth of memory', 'MB an hour', 1, slope(settled)),
        atMost('soak: growth of open files', 'files', 0, (files.at(-1) ?? 0) - (files[0] ?? 0)),
      ],
      figures: {
        most: rounded(most),
        framesPerSecond: rounded(framesPerSecond),
        mb: samples.map(({ mb }) => rounded(mb)),
      },
    };
  });
};
export default part;

/** Of the straight line that is nearest to the samples, by least squares, MB an hour. */
function slope(samples: readonly Sample[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [x, y] = [mean(samples.map(({ hours }) => hours)), mean(samples.map(({ mb }) => mb))];
  const above = mean(samples.map(({ hours, mb }) => (hours - x) * (mb - y)));
  return above / mean(samples.map(({ hours }) => (hours - x) ** 2));
}
