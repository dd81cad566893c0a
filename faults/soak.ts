/** Four fifths of what the gateway can do, for a long time: what grows? */
import { setTimeout as delay } from 'node:timers/promises';
import { cameraPictures } from '../bench/frames/pictures.ts';
import { atMost, median, rounded } from '../bench/report.ts';
import { createGateway, startFlow, tell } from './gateway.ts';
import { type Footprint, footprintOf, withoutFootprint } from './processes.ts';
import type { Part } from './report.ts';
import { type Scratch, withScratch } from './scratch.ts';

const load = 0.8;
const probeMs = 10_000;
const sampleMs = 5_000;
/** Share of the time after which what is left of the start has settled. */
const warmUp = 0.3;

interface Sample extends Footprint {
  readonly hours: number;
}

const part: Part = async ({ soakMinutes, say }) => {
  if (withoutFootprint) return { blows: [], flows: {}, skipped: { soak: withoutFootprint } };
  return withScratch(async (scratch) => {
    const { daemon, port } = await createGateway(scratch);
    await daemon.start();
    const pictures = (await cameraPictures(16)).map((picture) => picture.toString('base64'));
    const most = await mostFrames(scratch, { port, pictures });
    const framesPerSecond = most * load;
    say(
      `${Math.round(most)} frames a second at most; ${Math.round(framesPerSecond)} for ${soakMinutes} minutes`,
    );
    const flow = await startFlow(scratch, 'soak', { port, pictures, framesPerSecond });
    const samples = await sampleFor(soakMinutes, daemon.pid);
    const report = await flow.finish();
    tell(say, 'soak', report);
    const settled = samples.slice(Math.floor(samples.length * warmUp));
    const files = settled.map(({ openFiles }) => openFiles);
    return {
      blows: [],
      flows: { soak: report },
      goals: [
        atMost('soak: growth of memory', 'MB an hour', 1, slope(leastOfMinutes(settled))),
        atMost('soak: growth of open files', 'files', 0, (files.at(-1) ?? 0) - (files[0] ?? 0)),
      ],
      figures: {
        most: rounded(most),
        framesPerSecond: rounded(framesPerSecond),
        mb: samples.map(({ mbOfEach }) => mbOfEach.map(rounded)),
      },
    };
  });
};
export default part;

/** Frames a second of the same camera and judge when they send as many as may be on their way. */
async function mostFrames(scratch: Scratch, job: { port: number; pictures: string[] }): Promise<number> {
  const flow = await startFlow(scratch, 'probe', { ...job, framesPerSecond: 100_000 });
  const startedAt = performance.now();
  await delay(probeMs);
  const { results } = await flow.finish();
  return results / ((performance.now() - startedAt) / 1000);
}

async function sampleFor(minutes: number, pid: number): Promise<Sample[]> {
  const samples: Sample[] = [];
  const startedAt = performance.now();
  const hours = () => (performance.now() - startedAt) / 3_600_000;
  while (hours() * 60 < minutes) {
    await delay(sampleMs);
    samples.push({ ...(await footprintOf(pid)), hours: hours() });
  }
  return samples;
}

/** What garbage stands on: a heap swings by more in a few seconds than a leak adds in an hour. */
function leastOfMinutes(samples: readonly Sample[]): Sample[] {
  const minutes = new Map<number, Sample>();
  for (const sample of samples) {
    const minute = Math.floor(sample.hours * 60);
    const least = minutes.get(minute);
    if (!least || sample.mb < least.mb) minutes.set(minute, sample);
  }
  return [...minutes.values()];
}

/** Median of the slopes between any two samples (Theil and Sen), MB an hour: no single collection bends it. */
function slope(samples: readonly Sample[]): number {
  return median(
    samples.flatMap((a, i) => samples.slice(i + 1).map((b) => (b.mb - a.mb) / (b.hours - a.hours))),
  );
}
